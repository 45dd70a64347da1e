// Endpoints that answered 410 and get nothing since.

import { call } from "../api.js";
import { el, find, replace, say } from "../dom.js";
import { moment, several } from "../moments.js";
import { sendAgain } from "./again.js";

/** What was kept longer ago was kept before any endpoint that is still disabled. */
const YEAR_S = 365 * 86400;

/** Lists the disabled endpoints of the key; nothing is shown where there are none. */
export function showEndpoints(root, endpoints, onSent) {
  const list = find(root, "#endpoint-list");
  find(root, "#endpoints").hidden = !endpoints.length && !find(root, "#endpoints-result").textContent;
  const known = [...list.children].map((each) => each.dataset.url).join("\n");
  if (known === endpoints.map((each) => each.url).join("\n")) return;
  replace(list, endpoints.map((each) => el("li", { class: "stack tight", "data-url": each.url },
    el("strong", {}, each.url),
    el("span", { class: "hint" }, "Answered 410 on ", moment(each.disabled_at, { exact: true })),
    el("div", { class: "row" },
      button(root, "Enable", each, onSent, () => enable(each)),
      button(root, "Enable and send what was kept", each, onSent, async () => `${await enable(each)} ${await sendKept()}`)))));
}

function button(root, words, endpoint, onSent, move) {
  const made = el("button", { type: "button", class: "small", "aria-label": `${words}: ${endpoint.url}` }, words);
  made.addEventListener("click", async () => {
    made.disabled = true;
    const result = find(root, "#endpoints-result");
    try {
      const text = await move();
      say(result, text);
      onSent(text);
      find(root, "#endpoints h2").focus();
    } catch (fault) {
      say(result, fault.words || fault.message);
      made.disabled = false;
    }
  });
  return made;
}

async function enable(endpoint) {
  await call("POST", "webhooks/enable", { body: { url: endpoint.url } });
  return `${endpoint.url} is enabled.`;
}

async function sendKept() {
  const { count, skipped } = await sendAgain("disabled", YEAR_S);
  return `${several(count, "webhook")} sent${skipped ? `; ${skipped} for other disabled endpoints stay` : ""}.`;
}
