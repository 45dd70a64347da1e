// The key's jobs, newest first, kept up to date while somebody looks.

import { call } from "../api.js";
import { find, replace, say } from "../dom.js";
import { filter } from "../filters.js";
import { poll } from "../poll.js";
import { row } from "./row.js";
import { isActive, STATES } from "./words.js";

const PAGE = 20;
const LONGEST_PAGE = 100;
/** A key of the free plan has 60 requests a minute for everything: this takes a third of them at most. */
const BUSY_MS = 3000;
const IDLE_MS = 10_000;

/** Shows the screen. */
export function mount(root) {
  const list = find(root, "#job-list");
  const alert = find(root, ".alert");
  const told = find(root, "#jobs-told");
  const rows = new Map();
  let state = filter(find(root, "#job-states"), {
    name: "state", choices: [["", "All"], ...STATES], onChoice: (value) => { state = value; startOver(); },
  });
  let cursor = null;
  let isLoaded = false;
  let isLeft = false;
  let complaint = "";

  async function look(signal) {
    const asked = state;
    const limit = Math.min(Math.max(rows.size, PAGE), LONGEST_PAGE);
    const page = await call("GET", address(asked, limit), { signal });
    if (asked !== state) return 0;
    merge(page);
    return [...rows.values()].some((each) => isActive(each.job())) ? BUSY_MS : IDLE_MS;
  }

  /** Puts the newest jobs in place; older ones, which were asked for page by page, stay below them. */
  function merge(page) {
    const last = page.jobs.at(-1)?.number ?? Infinity;
    const hasOlder = page.next_cursor !== null && [...rows.values()].some((each) => each.job().number < last);
    const fresh = new Set(page.jobs.map((job) => job.id));
    for (const [id, each] of rows) if (!fresh.has(id) && !(hasOlder && each.job().number < last)) rows.delete(id);
    page.jobs.forEach(put);
    if (!hasOlder) cursor = page.next_cursor;
    isLoaded = true;
    show();
  }

  function put(job) {
    const known = rows.get(job.id);
    if (!known) {
      rows.set(job.id, row(job, { onMoved: moved, onFault: failed }));
      return;
    }
    if (isActive(known.job()) && !isActive(job)) told.textContent = `Job ${job.number} ${job.state}.`;
    known.update(job);
  }

  function moved(text, job) {
    if (isLeft) return;
    told.textContent = text;
    complain("");
    if (job) rows.get(job.id)?.update(job);
    looking.now();
    if (!job) find(root, "h1").focus();
  }

  function failed(fault) {
    if (isLeft) return;
    complain(fault.words || fault.message);
    looking.now();
  }

  /** What went wrong with a move stays until the next one. */
  function complain(text) {
    complaint = text;
    say(alert, text);
  }

  function show() {
    const sorted = [...rows.values()].sort((one, other) => other.job().number - one.job().number).map((each) => each.element);
    sorted.forEach((element, place) => {
      if (list.children[place] !== element) list.insertBefore(element, list.children[place] || null);
    });
    while (list.children.length > sorted.length) list.lastElementChild.remove();
    list.setAttribute("aria-busy", String(!isLoaded));
    find(root, "#jobs-loading").hidden = isLoaded;
    find(root, "#jobs-empty").hidden = !isLoaded || rows.size > 0 || Boolean(state);
    const word = Object.fromEntries(STATES)[state]?.toLowerCase();
    say(find(root, "#jobs-none"), isLoaded && !rows.size && state ? `No job is ${word} at the moment.` : "");
    find(root, "#jobs-more").hidden = !cursor;
  }

  function startOver() {
    rows.clear();
    cursor = null;
    isLoaded = false;
    complain("");
    show();
    looking.now();
  }

  const more = find(root, "#jobs-more");
  more.onclick = async () => {
    more.disabled = true;
    try {
      const page = await call("GET", `${address(state, PAGE)}&cursor=${encodeURIComponent(cursor)}`);
      if (isLeft) return;
      page.jobs.forEach(put);
      cursor = page.next_cursor;
      show();
      rows.get(page.jobs[0]?.id)?.element.querySelector("a").focus();
    } catch (fault) {
      failed(fault);
    } finally {
      more.disabled = false;
    }
  };

  const opening = find(root, "#job-find");
  opening.onsubmit = (event) => {
    event.preventDefault();
    const wanted = opening.elements.wanted.value.trim();
    if (wanted) location.hash = `#/jobs/${encodeURIComponent(wanted)}`;
  };
  opening.reset();
  show();
  const looking = poll(look, (fault, nextS) => {
    say(alert, fault ? `${fault.words || fault.message} Looking again in ${nextS} s.` : complaint);
  });
  return () => {
    isLeft = true;
    looking.stop();
    replace(list);
    told.textContent = "";
    say(alert, "");
  };
}

function address(state, limit) {
  return `jobs?limit=${limit}${state ? `&state=${state}` : ""}`;
}
