// One job: how it goes, what became of it and why, its video, its webhooks, and all that the API says of it.

import { call, events } from "../api.js";
import { delivery } from "../deliveries.js";
import { el, find, replace, say } from "../dom.js";
import { causeOf } from "../failures.js";
import { poll } from "../poll.js";
import { showFacts } from "./facts.js";
import { moves } from "./moves.js";
import { showResult } from "./result.js";
import { showTimeline } from "./timeline.js";
import { isActive, outlook, stateChip } from "./words.js";

/** How often webhooks on their way are looked after. */
const WEBHOOKS_MS = 5000;
const QUIET_MS = 60_000;

/** Shows the screen. */
export function mount(root, { id }) {
  const control = new AbortController();
  const alert = find(root, ".alert");
  let job = null;
  let actions = null;
  let shownOutput = "";
  let looking = null;
  let following = new AbortController();
  clear(root, id);

  async function load() {
    try {
      show(await call("GET", `jobs/${encodeURIComponent(id)}`, { signal: control.signal }));
      looking = poll(lookAtWebhooks, (fault) => say(find(root, "#job-webhooks-fault"), fault ? fault.words || fault.message : ""));
      if (isActive(job)) follow();
    } catch (fault) {
      if (control.signal.aborted) return;
      find(root, "#job-loading").hidden = true;
      find(root, "#job-back").hidden = false;
      complain(fault);
    }
  }

  function follow() {
    following.abort();
    following = new AbortController();
    const lost = find(root, "#job-lost");
    events(job.id, show, following.signal, (isLost, nextS) => say(lost, isLost ? `The connection is lost. Trying again in ${nextS} s.` : ""))
      .catch(complain);
  }

  function complain(fault) {
    if (!control.signal.aborted) say(alert, fault.words || fault.message);
  }

  function show(next) {
    const before = job;
    job = next;
    if (!actions) {
      actions = moves(() => job, { onMoved: moved, onFault: complain });
      replace(find(root, "#job-moves"), actions.buttons);
    }
    actions.update();
    find(root, "#job-title").textContent = `Job ${job.number}`;
    document.title = `Job ${job.number} · Mouthpiece`;
    replace(find(root, "#job-state"), stateChip(job.state));
    showProgress(root, job);
    showTimeline(find(root, "#job-timeline"), job);
    showFacts(find(root, "#job-facts"), job);
    showFault(root, job);
    showWarnings(root, job);
    showVideo();
    find(root, "#job-raw").textContent = JSON.stringify(job, null, 2);
    find(root, "#job-loading").hidden = true;
    find(root, "#job-body").hidden = false;
    // Heard at each stage, not at each percent.
    if (before && (before.state !== job.state || before.stage !== job.stage)) {
      find(root, "#job-told").textContent = `Job ${job.number}: ${isActive(job) ? outlook(job) : job.state}.`;
    }
    if (before && isActive(before) && !isActive(job)) looking?.now();
  }

  /** A player is not made anew while somebody watches: each answer holds another link to the same video. */
  function showVideo() {
    const card = find(root, "#job-result");
    card.hidden = !job.output;
    if (!job.output) shownOutput = "";
    else if (!shownOutput) {
      shownOutput = job.output;
      showResult(card, job);
    }
  }

  function moved(text, next) {
    if (control.signal.aborted) return; // The screen shows something else by now.
    say(alert, "");
    find(root, "#job-told").textContent = text;
    if (!next) {
      location.hash = "#/jobs";
      return;
    }
    show(next);
    find(root, "h1").focus();
    follow();
  }

  const shownWebhooks = new Map();
  async function lookAtWebhooks(signal) {
    const { deliveries } = await call("GET", `jobs/${job.id}/deliveries`, { signal });
    const list = find(root, "#job-webhooks");
    for (const webhook of deliveries) {
      const known = shownWebhooks.get(webhook.id);
      if (known) known.update(webhook);
      else {
        shownWebhooks.set(webhook.id, delivery(webhook, { withJob: false, onSent: sent }));
        list.append(shownWebhooks.get(webhook.id).element);
      }
    }
    say(find(root, "#job-webhooks-none"), deliveries.length ? "" : noWebhook(job));
    return deliveries.some((each) => each.state === "pending") ? WEBHOOKS_MS : QUIET_MS;
  }

  function sent(text) {
    find(root, "#job-told").textContent = text;
    looking.now();
  }

  load();
  return () => {
    control.abort();
    following.abort();
    looking?.stop();
    clear(root, "");
  };
}

function noWebhook(job) {
  return isActive(job) ? "If this job names a webhook, it is sent when the job ends." : "This job names no webhook, so nobody is told when it ends.";
}

function clear(root, id) {
  find(root, "#job-title").textContent = id ? "Job" : "";
  for (const name of ["state", "moves", "webhooks", "timeline", "facts", "result", "warnings"]) replace(find(root, `#job-${name}`));
  delete find(root, "#job-error").dataset.code;
  for (const name of ["body", "back", "lost", "error", "error-remedy", "result", "warned"]) find(root, `#job-${name}`).hidden = true;
  find(root, "#job-loading").hidden = false;
  for (const name of ["told", "raw", "error-text", "outlook"]) find(root, `#job-${name}`).textContent = "";
  say(find(root, ".alert"), "");
}

function showProgress(root, job) {
  find(root, "#job-progress").hidden = !isActive(job);
  find(root, "#job-outlook").textContent = isActive(job) ? outlook(job) : "";
  const bar = find(root, "#job-bar");
  bar.hidden = job.state !== "running";
  bar.value = job.percent;
}

async function showFault(root, job) {
  const card = find(root, "#job-error");
  card.hidden = job.state !== "failed";
  if (job.state !== "failed" || card.dataset.code === job.error_code) return;
  card.dataset.code = job.error_code;
  find(root, "#job-error-text").textContent = causeOf(job.error);
  replace(find(root, "#job-error-code"), el("code", {}, job.error_code));
  find(root, "#job-error-meaning").textContent = "";
  const known = await call("GET", `errors/${encodeURIComponent(job.error_code)}`).catch(() => null);
  if (!known || card.dataset.code !== job.error_code) return;
  find(root, "#job-error-meaning").textContent = known.meaning;
  say(find(root, "#job-error-remedy"), job.error.includes(known.remedy) ? "" : known.remedy);
}

function showWarnings(root, job) {
  find(root, "#job-warned").hidden = !job.warnings.length;
  replace(find(root, "#job-warnings"), ...job.warnings.map((warning) => el("li", {}, warning)));
}
