// The key's webhooks: what was sent, what was not taken, and everything to put that right.

import { call } from "./api.js";
import { delivery, STATES } from "./deliveries.js";
import { find, replace, say } from "./dom.js";
import { filter } from "./filters.js";
import { poll } from "./poll.js";
import { prepareAgain } from "./webhooks/again.js";
import { showEndpoints } from "./webhooks/endpoints.js";
import { prepareProbe } from "./webhooks/probe.js";
import { prepareSecret, showOldSecrets } from "./webhooks/secret.js";

const PAGE = 20;
const LONGEST_PAGE = 100;
const BUSY_MS = 4000;
const IDLE_MS = 15_000;

/** Shows the screen. */
export function mount(root) {
  const list = find(root, "#webhook-list");
  const told = find(root, "#webhooks-told");
  const rows = new Map();
  let state = filter(find(root, "#webhook-states"), {
    name: "state", choices: [["", "All"], ...STATES], onChoice: (value) => { state = value; startOver(); },
  });
  let cursor = null;
  let shown = PAGE;
  let isLoaded = false;
  let isLeft = false;

  async function look(signal) {
    const asked = state;
    const page = await call("GET", `deliveries?limit=${Math.min(shown, LONGEST_PAGE)}${asked ? `&state=${asked}` : ""}`, { signal });
    if (asked !== state) return 0;
    const own = await call("GET", "webhooks", { signal });
    showOldSecrets(root, own.old_secrets);
    showEndpoints(root, own.disabled_endpoints, sent);
    merge(page);
    return [...rows.values()].some((each) => each.isPending()) ? BUSY_MS : IDLE_MS;
  }

  /** Only the newest are asked for again; those that were opened by hand below them stay as they were. */
  function merge(page) {
    if (shown <= LONGEST_PAGE) {
      const fresh = new Set(page.deliveries.map((each) => each.id));
      for (const id of rows.keys()) if (!fresh.has(id)) rows.delete(id);
      cursor = page.next_cursor;
    }
    page.deliveries.forEach(put);
    isLoaded = true;
    show();
  }

  function put(webhook) {
    if (rows.has(webhook.id)) rows.get(webhook.id).update(webhook);
    else rows.set(webhook.id, Object.assign(delivery(webhook, { withJob: true, onSent: sent }), { made: webhook.created_at }));
  }

  function show() {
    const sorted = [...rows.values()].sort((one, other) => other.made.localeCompare(one.made)).map((each) => each.element);
    sorted.forEach((element, place) => {
      if (list.children[place] !== element) list.insertBefore(element, list.children[place] || null);
    });
    while (list.children.length > sorted.length) list.lastElementChild.remove();
    find(root, "#webhooks-loading").hidden = isLoaded;
    find(root, "#webhooks-empty").hidden = !isLoaded || rows.size > 0 || Boolean(state);
    const word = Object.fromEntries(STATES)[state]?.toLowerCase();
    say(find(root, "#webhooks-none"), isLoaded && !rows.size && state ? `No webhook is ${word} at the moment.` : "");
    find(root, "#webhooks-more").hidden = !cursor;
  }

  function sent(text) {
    told.textContent = text;
    looking.now();
  }

  function startOver() {
    rows.clear();
    shown = PAGE;
    cursor = null;
    isLoaded = false;
    show();
    looking.now();
  }

  const alert = find(root, ".alert");
  const more = find(root, "#webhooks-more");
  more.onclick = async () => {
    more.disabled = true;
    try {
      const page = await call("GET", `deliveries?limit=${PAGE}&cursor=${encodeURIComponent(cursor)}${state ? `&state=${state}` : ""}`);
      if (isLeft) return;
      page.deliveries.forEach(put);
      shown += PAGE;
      cursor = page.next_cursor;
      show();
      rows.get(page.deliveries[0]?.id)?.element.querySelector("summary").focus();
    } catch (fault) {
      if (!isLeft) say(alert, fault.words || fault.message);
    } finally {
      more.disabled = false;
    }
  };

  prepareAgain(root, sent);
  prepareProbe(root);
  prepareSecret(root);
  show();
  const looking = poll(look, (fault, nextS) => {
    say(alert, fault ? `${fault.words || fault.message} Looking again in ${nextS} s.` : "");
  });
  return () => {
    isLeft = true;
    looking.stop();
    replace(list);
    for (const name of ["#again-result", "#probe-result"]) say(find(root, name), "");
    replace(find(root, "#secret-shown"));
    told.textContent = "";
  };
}
