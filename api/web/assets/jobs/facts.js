// What there is to say of a job, in plain words.

import { el, replace } from "../dom.js";
import { moment, span } from "../moments.js";
import { copyButton } from "../secrets.js";
import { cost, kindOf } from "./words.js";

/** Fills a description list. */
export function showFacts(list, job) {
  const facts = [
    ["Number", job.number],
    ["ID", el("span", { class: "row tight" }, el("code", {}, job.id), copyButton(job.id, "id"))],
    ["Kind", kindOf(job)],
    ["Engine", job.engine],
    ["Cost", cost(job)],
    ["Took", job.executionTime ? span(Math.max(1, job.executionTime / 1000)) : null],
    ["Batch", job.batch_id && el("code", {}, job.batch_id)],
    ["Link valid until", job.expires_at && moment(job.expires_at, { exact: true })],
    ["Video removed for its age", job.expired_at && moment(job.expired_at, { exact: true })],
  ];
  replace(list, ...facts.filter(([, value]) => value !== null && value !== undefined && value !== "").flatMap(([name, value]) =>
    [el("dt", {}, name), el("dd", {}, value)]));
}
