// What can be done to a job, and the buttons for it.

import { call } from "../api.js";
import { confirmed } from "../dialogs.js";
import { el } from "../dom.js";
import { isActive } from "./words.js";

/**
 * Makes the buttons of a job.
 * @param {() => Object} current gives the job as it is now
 * @param {{onMoved: (text: string, job: ?Object) => void, onFault: (fault: Error) => void}} told `job`: as it is after
 *   the move, null when it was deleted
 * @returns {{buttons: HTMLElement[], update: () => void}} `update` shows those that fit the job as it is now
 */
export function moves(current, told) {
  const name = `job ${current().number}`;
  const make = (word, kind, move) => {
    const button = el("button", { type: "button", class: `small ${kind}`, "aria-label": `${word} ${name}` }, word);
    button.addEventListener("click", () => run(button, () => move(current()), told));
    return button;
  };
  const cancelling = make("Cancel", "", cancel);
  const retrying = make("Retry", "", retry);
  const deleting = make("Delete", "danger-quiet", remove);
  const buttons = [cancelling, retrying, deleting];
  return { buttons, update: () => {
    const job = current();
    cancelling.hidden = !isActive(job);
    retrying.hidden = job.state !== "failed" && job.state !== "cancelled";
    deleting.hidden = isActive(job);
  } };
}

/** The button stays focusable meanwhile: after a question the focus comes back to it. */
async function run(button, move, told) {
  if (button.ariaDisabled === "true") return;
  button.ariaDisabled = "true";
  try {
    const done = await move();
    if (done) told.onMoved(done.text, done.job);
  } catch (fault) {
    told.onFault(fault);
  } finally {
    button.ariaDisabled = null;
  }
}

async function cancel(job) {
  const moved = await call("POST", `jobs/${job.id}/cancel`);
  return { text: `Job ${job.number} is being cancelled.`, job: moved };
}

async function retry(job) {
  const moved = await call("POST", `jobs/${job.id}/retry`);
  return { text: `Job ${job.number} runs again.`, job: moved };
}

async function remove(job) {
  const isSure = await confirmed({
    title: `Delete job ${job.number}?`,
    text: "Its video, the files fetched for it and its webhooks are removed for good, and links to the video end. Uploads stay.",
    action: "Delete job",
  });
  if (!isSure) return null;
  await call("DELETE", `jobs/${job.id}`);
  return { text: `Job ${job.number} was deleted.`, job: null };
}
