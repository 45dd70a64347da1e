// Sending again what was not taken.

import { call } from "../api.js";
import { find, say } from "../dom.js";
import { several } from "../moments.js";

/** Sends all that failed in a while, page after page. */
export function prepareAgain(root, onSent) {
  const form = find(root, "#again");
  form.onsubmit = async (event) => {
    event.preventDefault();
    const button = find(form, "button");
    const result = find(root, "#again-result");
    button.disabled = true;
    try {
      const { count, skipped } = await sendAgain("failed", Number(form.elements.since.value));
      const left = skipped ? ` ${several(skipped, "webhook")} left out: the endpoint is disabled.` : "";
      const text = count || skipped ? `${several(count, "webhook")} sent again.${left}` : "No webhook failed in this time.";
      say(result, text);
      onSent(text);
    } catch (fault) {
      say(result, fault.words || fault.message);
    } finally {
      button.disabled = false;
    }
  };
}

/** Asks for one page after the other until there is none left. */
export async function sendAgain(state, seconds) {
  const since = new Date(Date.now() - seconds * 1000).toISOString();
  const all = { count: 0, skipped: 0 };
  let cursor = "";
  do {
    const page = await call("POST", "deliveries/redeliver", { body: { since, state, ...(cursor && { cursor }) } });
    all.count += page.count;
    all.skipped += page.skipped;
    cursor = page.next_cursor;
  } while (cursor);
  return all;
}
