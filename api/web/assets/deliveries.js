// Webhooks: what was sent, what came back, and sending it again.

import { call } from "./api.js";
import { el, replace, say } from "./dom.js";
import { moment, several } from "./moments.js";

export const STATES = [["pending", "On its way"], ["delivered", "Delivered"], ["failed", "Failed"], ["disabled", "Held back"]];
const TONES = { pending: "busy", delivered: "good", failed: "bad", disabled: "warn" };
const MEANINGS = {
  pending: "It is tried again and again for three days, until the receiver answers with 2xx.",
  delivered: "The receiver took it.",
  failed: "It is not tried any more. Mend the receiver, then send it again.",
  disabled: "This endpoint had answered 410 and gets nothing until it is enabled.",
};

/**
 * Makes the row of a webhook; opened, it shows every attempt.
 * @param {Object} first as lists and jobs have it; attempts and body are asked for when it is opened
 * @param {{withJob: boolean, onSent: (text: string) => void}} options `withJob`: name its job
 * @returns {{element: HTMLElement, update: (webhook: Object) => void, isPending: () => boolean}}
 */
export function delivery(first, { withJob, onSent }) {
  let webhook = first;
  let attemptsShown = -1;
  const state = el("span", {});
  const words = el("span", { class: "hint" });
  const meaning = el("p", { class: "hint" });
  const fault = el("p", { class: "fault", role: "alert" });
  const attempts = el("div", { class: "attempts" });
  const again = el("button", { type: "button", class: "small", "aria-label": `Send again to ${first.url}` }, "Send again");
  again.addEventListener("click", redeliver);
  const details = el("details", { class: "delivery-more" },
    el("summary", {}, state, el("span", { class: "delivery-url" }, first.url), words),
    el("div", { class: "stack" }, meaning, attempts));
  details.addEventListener("toggle", () => details.open && load());
  const element = el("li", { class: "delivery" }, details,
    el("div", { class: "row delivery-moves" },
      withJob && first.job_id ? el("a", { href: `#/jobs/${first.job_id}`, class: "small-link" }, "Open job") : null, again), fault);

  function update(next) {
    webhook = next;
    replace(state, el("span", { class: `chip ${TONES[webhook.state]}` }, Object.fromEntries(STATES)[webhook.state]));
    replace(words, moment(webhook.created_at), ` · ${several(webhook.attempts_made, "attempt")}`,
      ...(webhook.state === "pending" && webhook.next_attempt_at ? [" · next ", moment(webhook.next_attempt_at)] : []));
    meaning.textContent = MEANINGS[webhook.state];
    again.hidden = webhook.state === "disabled" || (webhook.state === "pending" && !webhook.attempts_made);
    if (details.open && attemptsShown !== webhook.attempts_made) load();
  }

  async function load() {
    try {
      const whole = webhook.attempts ? webhook : await call("GET", `deliveries/${webhook.id}/attempts`);
      attemptsShown = whole.attempts_made;
      replace(attempts, whole.attempts.length ? table(whole.attempts) : el("p", { class: "hint" }, "No attempt has been made yet."),
        body(whole));
      fault.textContent = "";
    } catch (refused) {
      say(fault, refused.words || refused.message);
    }
  }

  async function redeliver() {
    again.disabled = true;
    try {
      await call("POST", `deliveries/${webhook.id}/redeliver`);
      fault.textContent = "";
      onSent(`Sent again to ${webhook.url}.`);
    } catch (refused) {
      fault.textContent = refused.words || refused.message;
      fault.hidden = false;
    } finally {
      again.disabled = false;
    }
  }

  update(first);
  return { element, update, isPending: () => webhook.state === "pending" };
}

function table(attempts) {
  const newest = [...attempts].reverse();
  return el("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "Attempts, newest first" }, el("table", {},
    el("thead", {}, el("tr", {}, ...["#", "When", "Answer", "Time"].map((word) => el("th", { scope: "col" }, word)))),
    el("tbody", {}, ...newest.map((attempt) => el("tr", {},
      el("td", { class: "num" }, attempt.attempt),
      el("td", {}, moment(attempt.at)),
      el("td", {}, el("strong", {}, attempt.http_status ?? "none"), " ", attempt.answer),
      el("td", { class: "num" }, `${attempt.latency_ms} ms`))))));
}

function body(webhook) {
  const latest = webhook.attempts.at(-1);
  return el("details", {},
    el("summary", {}, "What is sent"),
    el("p", { class: "hint" }, "The same bytes under the same id in every attempt; only the timestamp and the signature change."),
    code("Headers of the latest attempt", latest
      ? Object.entries(latest.request_headers).map(([name, value]) => `${name}: ${value}`).join("\n") : `webhook-id: ${webhook.id}`),
    code("Body", indented(webhook.body)));
}

function code(label, text) {
  return el("pre", { tabindex: "0", role: "group", "aria-label": label }, text);
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
