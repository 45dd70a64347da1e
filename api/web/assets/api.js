// The public API, as any client sees it.

import { key, signOut } from "./session.js";

/** Where the API lies, for this page and in code samples. */
export const BASE = new URL("api/v1/", document.baseURI).href;

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** The stream says something at least every ten seconds; three of those and it is taken for dead. */
const SILENCE_MS = 30_000;

/** What went wrong: the API's own words, whichever dialect they came in. */
export class ApiError extends Error {
  constructor({ status = 0, code = "", field = "", message = "", remedy = "", requestId = "", retryAfterS = 0 }) {
    super(message);
    Object.assign(this, { status, code, field, remedy, requestId, retryAfterS });
  }

  /** Cause and remedy in one text. */
  get words() {
    const cause = this.message.charAt(0).toUpperCase() + this.message.slice(1).replace(/\.?$/, ".");
    // Of a job's own faults the text holds the remedy already.
    return /\. [A-Z]/.test(cause) || !this.remedy ? cause : `${cause} ${this.remedy}`;
  }
}

/**
 * Sends a request and returns the JSON of its answer, null when there is none.
 * @param {string} method
 * @param {string} path below /api/v1/, with its query
 * @param {{body?: Object, headers?: Object, signal?: AbortSignal, withKey?: string}} [options] `withKey`: try this key
 *   in place of the one that is kept
 */
export async function call(method, path, { body, headers = {}, signal, withKey } = {}) {
  const used = key();
  const response = await send(method, path, { body, headers, signal, withKey });
  const text = await response.text();
  if (response.ok) return text ? JSON.parse(text) : null;
  throw refusal(response, text, withKey === undefined && used === key());
}

/** A link to a file of this service as this page reaches it: the service's public address may be another. */
export function nearby(url) {
  const path = new URL(url, document.baseURI);
  const at = path.pathname.lastIndexOf("/files/");
  return at < 0 ? url : new URL(path.pathname.slice(at + 1) + path.search, document.baseURI).href;
}

/** Makes an error of an answer; a key that no longer works ends the session. */
export function refusal(response, text, endsSession = true) {
  const fault = new ApiError(readError(response, text));
  if (fault.status === 401 && endsSession) signOut(`You were signed out: ${fault.message}.`);
  return fault;
}

/**
 * Follows a job until it has ended, over broken connections too.
 * @param {string} jobId
 * @param {(job: Object) => void} onJob called with each job object
 * @param {AbortSignal} signal
 * @param {(isLost: boolean, nextS: number) => void} [onLine] whether the connection is lost, and when the next try is
 */
export async function events(jobId, onJob, signal, onLine = () => {}) {
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      const ended = await stream(jobId, signal, (job) => {
        pauseMs = FIRST_PAUSE_MS;
        onLine(false, 0);
        onJob(job);
      });
      if (ended) return;
    } catch (fault) {
      if (signal.aborted) return;
      if (fault instanceof ApiError && fault.status >= 400 && fault.status < 500 && fault.status !== 429) throw fault;
      pauseMs = Math.max(pauseMs, (fault.retryAfterS || 0) * 1000);
    }
    onLine(true, Math.round(pauseMs / 1000));
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

async function stream(jobId, signal, onJob) {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENCE_MS);
  const both = AbortSignal.any([signal, silent.signal]);
  try {
    const response = await send("GET", `jobs/${jobId}/events`, { signal: both });
    if (!response.ok) throw refusal(response, await response.text());
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return false;
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE_MS);
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const job of blocks.map(readEvent).filter(Boolean)) {
        onJob(job);
        if (["succeeded", "failed", "cancelled"].includes(job.state)) return true;
      }
    }
  } finally {
    clearTimeout(timer);
    silent.abort();
  }
}

function readEvent(block) {
  const data = block.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
  return data ? JSON.parse(data) : null;
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
    // Back on line: no need to wait any longer.
    addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

async function send(method, path, { body, headers = {}, signal, withKey }) {
  const all = { Authorization: `Bearer ${withKey ?? key()}`, ...headers };
  if (body !== undefined) all["Content-Type"] = "application/json";
  try {
    return await fetch(BASE + path, {
      method, headers: all, signal, credentials: "omit", cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (fault) {
    if (signal?.aborted) throw fault;
    throw new ApiError({
      code: "no_connection", message: "The service cannot be reached", remedy: "Check the connection, then try again.",
    });
  }
}

function readError(response, text) {
  let said = {};
  try {
    said = JSON.parse(text);
  } catch {
    said = {};
  }
  const field = said.field || "";
  const whole = said.error || said.errorMessage || said.detail || said.message || `The service answered ${response.status}`;
  return {
    status: response.status,
    code: String(said.code || said.errorCode || ""),
    field,
    message: field && whole.startsWith(`${field}: `) ? whole.slice(field.length + 2) : whole,
    remedy: said.remedy || "",
    requestId: said.request_id || said.requestId || response.headers.get("X-Request-Id") || "",
    retryAfterS: Number(response.headers.get("Retry-After")) || 0,
  };
}
