// What the key has used and may use.

import { BASE, refusal } from "./api.js";
import { find, replace, say } from "./dom.js";
import { count, moment, span } from "./moments.js";
import { poll } from "./poll.js";
import { key } from "./session.js";

const LOOK_MS = 15_000;
/** What the service says for "any number". */
const UNLIMITED = 2 ** 31 - 1;
const MONTH = new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric", timeZone: "UTC" });

/** Shows the screen. */
export function mount(root) {
  const looking = poll(async (signal) => {
    const { usage, headroom } = await ask(signal);
    showPeriod(root, usage);
    showHeadroom(root, headroom);
    find(root, "#usage-used").textContent = count(usage.credits_used);
    find(root, "#usage-reserved").textContent = count(usage.credits_reserved);
    find(root, "#usage-plan").textContent = usage.plan[0].toUpperCase() + usage.plan.slice(1);
    find(root, "#usage-total").textContent = count(usage.total_requests);
    replace(find(root, "#usage-when"), "As of ", moment(new Date().toISOString().slice(0, 19) + "Z"));
    find(root, "#usage-body").hidden = false;
    return LOOK_MS;
  }, (fault, nextS) => {
    say(find(root, ".alert"), fault ? `${fault.words || fault.message} Looking again in ${nextS} s.` : "");
    find(root, "#usage-loading").hidden = true;
  });
  return () => {
    looking.stop();
    find(root, "#usage-body").hidden = true;
    find(root, "#usage-loading").hidden = false;
  };
}

/** What is left of the minute stands in the headers, so the answer is needed whole. */
async function ask(signal) {
  const response = await fetch(`${BASE}usage`, {
    headers: { Authorization: `Bearer ${key()}` }, signal, credentials: "omit", cache: "no-store",
  });
  const text = await response.text();
  if (!response.ok) throw refusal(response, text);
  const [limit, remaining, reset] = ["Limit", "Remaining", "Reset"].map((name) => response.headers.get(`X-RateLimit-${name}`));
  return {
    usage: JSON.parse(text),
    headroom: limit === null ? null : { limit: Number(limit), remaining: Number(remaining), resetAt: Number(reset) },
  };
}

function showPeriod(root, usage) {
  const period = usage.current_period;
  find(root, "#usage-month").textContent = MONTH.format(new Date(`${period.start_date}T00:00:00Z`));
  find(root, "#usage-requests").textContent = count(period.requests_used);
  const isLimited = period.requests_limit < UNLIMITED;
  find(root, "#usage-limit").textContent = isLimited
    ? `of ${count(period.requests_limit)} that the plan's rate admits in the month` : "No limit";
  meter(find(root, "#usage-meter"), isLimited, period.requests_used, period.requests_limit);
}

function showHeadroom(root, headroom) {
  find(root, "#usage-left").textContent = headroom ? count(headroom.remaining) : "No limit";
  const left = headroom ? Math.max(1, Math.round(headroom.resetAt - Date.now() / 1000)) : 0;
  say(find(root, "#usage-rate"), headroom ? `of ${count(headroom.limit)} a minute; the minute ends in ${span(left)}` : "This key's requests are not limited");
  meter(find(root, "#usage-rate-meter"), Boolean(headroom), headroom ? headroom.limit - headroom.remaining : 0, headroom?.limit ?? 1);
}

function meter(bar, isShown, value, max) {
  bar.hidden = !isShown;
  bar.max = max;
  bar.value = value;
}
