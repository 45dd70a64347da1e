// Submits the order and follows the job to its end.

import { call, events } from "../api.js";
import { find, say, write } from "../dom.js";
import { causeOf } from "../failures.js";
import { doing } from "../jobs/words.js";
import { showResult } from "./result.js";

const SOURCE_FIELDS = ["image", "video", "source"];
const PANELS = ["ready", "running", "failed", "done"];

/** Follows jobs in the outcome's card, one at a time. */
export class Run {
  #part;
  #isShown = false;
  #job = null;
  #source = null;
  #request = null;
  #stop = new AbortController();
  #onRefused;

  /**
   * @param {HTMLElement} part
   * @param {(fault: import("../api.js").ApiError) => boolean} onRefused shows a refusal beside the field that it names; false: it has no place
   */
  constructor(part, onRefused) {
    this.#part = part;
    this.#onRefused = onRefused;
    find(part, "[data-cancel]").addEventListener("click", () => this.#cancel());
    find(part, "[data-again]").addEventListener("click", () => this.#again());
    find(part, "[data-back]").addEventListener("click", () => this.reset());
    find(part, "[data-another]").addEventListener("click", () => this.reset());
  }

  /** Sends an order; the same one, sent again because no answer came, makes one job. */
  async submit({ path, body }, source) {
    const text = JSON.stringify([path, body]);
    const once = this.#request?.unanswered === text ? this.#request.once : newName();
    this.#source = source;
    this.#request = { path, body, once, text, unanswered: "" };
    await this.#send();
  }

  /** Goes on following after the screen was away. */
  resume() {
    this.#isShown = true;
    if (this.#job && !isEnded(this.#job)) this.#follow();
  }

  /** Stops following, without stopping the job. */
  pause() {
    this.#isShown = false;
    this.#stop.abort();
  }

  /** Goes back to what can be changed. */
  reset() {
    this.#stop.abort();
    this.#job = null;
    this.#show("ready");
    find(this.#part, "[data-submit]").focus();
  }

  async #send() {
    const button = find(this.#part, "[data-submit]");
    const fault = find(this.#part, "[data-submit-fault]");
    button.disabled = true;
    say(fault, "");
    try {
      const { path, body, once } = this.#request;
      const { id } = await call("POST", path, { body, headers: { "Idempotency-Key": once } });
      this.#started(id);
    } catch (refused) {
      if (isOpen(refused)) this.#request.unanswered = this.#request.text;
      this.#show("ready");
      button.disabled = false;
      button.focus({ preventScroll: true });
      if (!this.#onRefused(refused)) say(fault, refused.words ?? refused.message);
    } finally {
      button.disabled = false;
    }
  }

  #started(id) {
    this.#job = { id, state: "queued", stage: "fetch", percent: 0, queue_position: null, eta_s: null };
    for (const link of this.#part.querySelectorAll("[data-job-link], [data-done-link]")) link.href = `#/jobs/${id}`;
    say(find(this.#part, "[data-cancel-fault]"), "");
    find(this.#part, "[data-cancel]").disabled = false;
    this.#show("running");
    this.#draw(this.#job);
    this.#part.scrollIntoView({ block: "nearest" });
    find(this.#part, "[data-cancel]").focus({ preventScroll: true });
    this.#follow();
  }

  async #follow() {
    this.#stop.abort();
    if (!this.#isShown) return; // The answer came after the screen was left: `resume` follows.
    const { signal } = (this.#stop = new AbortController());
    try {
      await events(this.#job.id, (job) => this.#moved(job), signal, (isLost, nextS) => this.#line(isLost, nextS));
    } catch (fault) {
      if (!signal.aborted) this.#failed("The video cannot be followed", fault.words ?? fault.message, "The job itself goes on: see Jobs.");
    }
  }

  #moved(job) {
    this.#job = job;
    if (job.state === "succeeded") this.#done(job);
    else if (job.state === "failed") this.#explain(job);
    else if (job.state === "cancelled") this.#failed("Cancelled", "The work was stopped, and nothing is charged.", "");
    else this.#draw(job);
  }

  #draw(job) {
    const isQueued = job.state === "queued";
    write(find(this.#part, "[data-stage]"), isQueued ? queueWords(job.queue_position) : doing(job.stage));
    find(this.#part, "[data-percent]").textContent = `${job.percent} %`;
    find(this.#part, "[data-progress]").value = job.percent;
    find(this.#part, "[data-eta]").textContent = job.eta_s ? `About ${duration(job.eta_s)} to go` : "";
  }

  #line(isLost, nextS) {
    const line = find(this.#part, "[data-line]");
    line.hidden = !isLost;
    if (isLost) line.textContent = `The connection is lost; the job goes on without it. Trying again${nextS > 1 ? ` in ${nextS} s` : ""} …`;
  }

  #done(job) {
    const isSeen = this.#part.getBoundingClientRect().top < innerHeight;
    this.#show("done");
    showResult(this.#part, job, this.#source);
    // On a phone the result would begin where the progress was, and go on below the window.
    if (isSeen && this.#part.getBoundingClientRect().bottom > innerHeight) this.#part.scrollIntoView({ block: "start" });
  }

  /** Tells cause and remedy; the remedy of a failed job is the one its error's page gives. */
  async #explain(job) {
    const cause = causeOf(job.error);
    this.#failed("The video could not be made", cause, "");
    if (/\. [A-Z]/.test(cause)) return; // It holds the remedy already.
    try {
      const { remedy } = await call("GET", `errors/${job.error_code}`);
      if (this.#job === job) find(this.#part, "[data-failed-remedy]").textContent = remedy ?? "";
    } catch {
      // The cause is told already.
    }
  }

  #failed(title, cause, remedy) {
    find(this.#part, "[data-failed-title]").textContent = title;
    find(this.#part, "[data-failed-cause]").textContent = cause;
    find(this.#part, "[data-failed-remedy]").textContent = remedy;
    this.#show("failed");
    find(this.#part, "[data-again]").focus({ preventScroll: true });
  }

  async #cancel() {
    const button = find(this.#part, "[data-cancel]");
    button.disabled = true;
    try {
      await call("POST", `jobs/${this.#job.id}/cancel`);
      write(find(this.#part, "[data-stage]"), "Stopping");
    } catch (fault) {
      button.disabled = false;
      say(find(this.#part, "[data-cancel-fault]"), fault.words ?? fault.message);
    }
  }

  /** Runs the job again: what it had finished is kept. */
  async #again() {
    const { id } = this.#job;
    try {
      await call("POST", `jobs/${id}/retry`);
      this.#started(id);
    } catch (fault) {
      find(this.#part, "[data-failed-remedy]").textContent = fault.words ?? fault.message;
    }
  }

  #show(name) {
    for (const panel of PANELS) find(this.#part, `[data-${panel}]`).hidden = panel !== name;
    find(this.#part, "[data-line]").hidden = true;
  }
}

/** The card that a field of a request belongs to, and the field's own element where it has one. */
export function placeOf(field) {
  const name = field.split(".").at(-1);
  if (field.startsWith("formState.face")) return { part: "source" };
  if (SOURCE_FIELDS.includes(name)) return { part: "source" };
  if (["audio", "left_audio", "script", "voice_id"].includes(name)) return { part: "first" };
  if (name === "right_audio") return { part: "second" };
  const ids = { engine: "engine", seed: "seed", prompt: "prompt", webhook: "webhook", sync_offset_ms: "offset" };
  return ids[name] ? { part: "options", id: ids[name] } : null;
}

/** A name that no other order has; browsers give UUIDs over HTTPS and on localhost alone. */
function newName() {
  return crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint32Array(4))].join("-");
}

/** Whether an order may have been taken in spite of the answer: it may be the one before that is told of. */
function isOpen({ status }) {
  return !status || status >= 500 || [401, 409, 429].includes(status);
}

function isEnded({ state }) {
  return ["succeeded", "failed", "cancelled"].includes(state);
}

function queueWords(ahead) {
  if (ahead === null || ahead === undefined) return "Waiting in the queue";
  if (ahead === 0) return "Next in the queue";
  return `Waiting in the queue: ${ahead} ${ahead === 1 ? "job" : "jobs"} ahead`;
}

function duration(seconds) {
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
