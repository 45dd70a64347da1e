// The way of a job: which stages are behind it, where it is, and when it was made, began and ended.

import { el, replace } from "../dom.js";
import { moment } from "../moments.js";
import { isActive, STAGES } from "./words.js";

/** Shows a job's stages in a list element. */
export function showTimeline(list, job) {
  const reached = STAGES.findIndex(([name]) => name === job.stage);
  replace(list,
    step("done", "Made", null, moment(job.created_at, { exact: true })),
    ...STAGES.filter(([name]) => isTaken(name, job)).map(([name, word, meaning]) => {
      const place = STAGES.findIndex(([each]) => each === name);
      return step(standing(place, reached, job), word, meaning, name === "fetch" && job.started_at
        ? el("span", {}, "Began ", moment(job.started_at, { exact: true })) : null);
    }),
    job.finished_at ? step(job.state === "succeeded" ? "done" : "stopped", ended(job.state), null, moment(job.finished_at, { exact: true })) : null);
}

/** Only some jobs have speech made for them; of a script in the place of a sound, the stage itself alone tells. */
function isTaken(name, job) {
  return name !== "speak" || job.stage === "speak" || job.kind === "generate" || job.kind === "lipsync-image-multi";
}

function standing(place, reached, job) {
  if (job.state === "succeeded" || place < reached) return "done";
  if (place > reached || job.state === "queued" || (job.state === "cancelled" && !job.started_at)) return "ahead";
  return isActive(job) ? "now" : "stopped";
}

function ended(state) {
  return { succeeded: "Succeeded", failed: "Failed", cancelled: "Cancelled" }[state] || "Ended";
}

function step(standing, word, meaning, detail) {
  const spoken = { done: "done", now: "now", ahead: "not reached", stopped: "stopped here" }[standing];
  return el("li", { class: `stage ${standing}`, "aria-current": standing === "now" ? "step" : null },
    el("span", { class: "stage-word" }, word, el("span", { class: "visually-hidden" }, ` (${spoken})`)),
    el("span", { class: "hint" }, detail || meaning));
}
