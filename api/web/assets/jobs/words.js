// Jobs in words: their states, stages and kinds.

import { el } from "../dom.js";
import { causeOf } from "../failures.js";
import { count, several, span } from "../moments.js";

export const STATES = [
  ["queued", "Queued"], ["running", "Running"], ["succeeded", "Succeeded"], ["failed", "Failed"], ["cancelled", "Cancelled"],
];
const TONES = { queued: "", running: "busy", succeeded: "good", failed: "bad", cancelled: "warn" };
const KINDS = {
  "lipsync-image": "Portrait", "lipsync-image-multi": "Two people", "lipsync-video": "Video", generate: "Script",
};

/** The stages in order, and what is done in each. */
export const STAGES = [
  ["fetch", "Fetch", "The files are fetched and checked"],
  ["speak", "Speak", "The text is spoken, or two voices are joined"],
  ["analyse", "Analyse", "The face is found, the speech is heard"],
  ["render", "Render", "The mouth is moved, part by part"],
  ["publish", "Publish", "Picture and sound are put together"],
  ["settle", "Settle", "The cost is charged"],
];

const DOING = {
  fetch: "Fetching the files", speak: "Speaking the text", analyse: "Finding the face and listening to the speech",
  render: "Moving the mouth", publish: "Putting picture and sound together", settle: "Finishing",
};

/** What is being done in a stage. */
export function doing(stage) {
  return DOING[stage] ?? stage;
}

/** Whether a job still goes on. */
export function isActive(job) {
  return job.state === "queued" || job.state === "running";
}

/** A mark of a job's state. */
export function stateChip(state) {
  return el("span", { class: `chip ${TONES[state] || ""}` }, Object.fromEntries(STATES)[state] || state);
}

/** What kind of job it is. */
export function kindOf(job) {
  return KINDS[job.kind] || job.kind;
}

/** The name of a stage. */
export function stageWord(stage) {
  return (STAGES.find(([name]) => name === stage) || ["", stage])[1];
}

/** How far a job is, in one line. */
export function outlook(job) {
  if (job.state === "queued") {
    const ahead = job.queue_position ? `${several(job.queue_position, "job")} ahead` : "next in line";
    return [ahead, until(job)].filter(Boolean).join(" · ");
  }
  if (job.state === "running") return [`${doing(job.stage)} · ${job.percent} %`, until(job)].filter(Boolean).join(" · ");
  if (job.state === "succeeded") {
    return [took(job), several(job.credits, "credit"), job.expired_at ? "video removed for its age" : ""].filter(Boolean).join(" · ");
  }
  if (job.state === "failed") return causeOf(job.error);
  return job.started_at ? `Stopped at ${job.percent} % (${stageWord(job.stage).toLowerCase()})` : "Stopped before it began";
}

/** How long a job worked; "" when that is not known. */
export function took(job) {
  return job.executionTime ? `Took ${span(Math.max(1, job.executionTime / 1000))}` : "";
}

/** Credits of a job: charged, or expected. */
export function cost(job) {
  if (job.state === "succeeded") return several(job.credits, "credit");
  if (isActive(job)) return `${count(job.estimated_credits)} reserved; charged once it succeeds`;
  return "Nothing: only videos that succeed are charged";
}

function until(job) {
  return job.eta_s ? `about ${span(job.eta_s)} left` : "";
}
