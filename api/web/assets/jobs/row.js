// A job in the list. It is made once and changed in place, so that nothing under the cursor or the focus moves away.

import { el, replace } from "../dom.js";
import { moment } from "../moments.js";
import { moves } from "./moves.js";
import { isActive, kindOf, outlook, stateChip } from "./words.js";

/**
 * Makes the row of a job.
 * @param {Object} first the job
 * @param {Object} told as of `moves`
 * @returns {{element: HTMLElement, update: (job: Object) => void, job: () => Object}}
 */
export function row(first, told) {
  let job = first;
  const state = el("div", { class: "job-state" });
  const link = el("a", { class: "job-name", href: `#/jobs/${first.id}` }, `Job ${first.number}`);
  const kind = el("span", {});
  const bar = el("progress", { max: 100, "aria-label": `Progress of job ${first.number}` });
  const words = el("p", { class: "job-words" });
  const { buttons, update: fitButtons } = moves(() => job, told);
  const element = el("li", { class: "job" }, state,
    el("div", { class: "job-what" }, link, el("span", { class: "hint" }, kind, moment(first.created_at))),
    el("div", { class: "job-how" }, words, bar),
    el("div", { class: "job-moves row" }, buttons));

  function update(next) {
    job = next;
    const hadFocus = element.contains(document.activeElement) && document.activeElement !== link;
    replace(state, stateChip(job.state));
    kind.textContent = `${kindOf(job)} · `;
    words.textContent = outlook(job);
    words.title = job.state === "failed" ? job.error : "";
    words.classList.toggle("fault", job.state === "failed");
    bar.hidden = job.state !== "running";
    bar.value = job.percent;
    element.classList.toggle("is-active", isActive(job));
    fitButtons();
    if (hadFocus && document.activeElement?.hidden !== false) link.focus();
  }
  update(first);
  return { element, update, job: () => job };
}
