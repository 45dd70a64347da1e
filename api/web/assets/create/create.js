// The Create screen: a face, a voice, a video.

import { find, el, replace, say, write } from "../dom.js";
import { key } from "../session.js";
import { faultOf, complain, wireOptions } from "./options.js";
import { wireFaces } from "./faces.js";
import { keepLooking } from "./look.js";
import { isUploading, missing, order } from "./order.js";
import { placeOf, Run } from "./run.js";
import { wireSamples } from "./samples.js";
import { wireScript } from "./script.js";
import { wireSource } from "./source.js";
import { wireSpeech } from "./speech.js";
import { createStore, nothingChosen } from "./store.js";

let built = null;
let blank = null;

/** Shows the screen; what was chosen stays while somebody looks at other screens, and ends with the key. */
export function mount(root) {
  blank ??= root.cloneNode(true);
  if (built?.key !== key()) {
    built?.end();
    if (built) root.replaceChildren(...blank.cloneNode(true).childNodes);
    built = build(root);
  }
  built.run.resume();
  return () => {
    built.leave();
    if (!key()) {
      built.end();
      root.replaceChildren(...blank.cloneNode(true).childNodes);
      built = null;
    }
  };
}

function build(root) {
  const store = createStore(nothingChosen());
  const part = (name) => find(root, `[data-part="${name}"]`);
  const outcome = part("outcome");
  const run = new Run(outcome, (fault, how) => refused(part, fault, how));
  wireSamples(part("samples"), store);
  wireOptions(part("options"), store);
  wireScript(part("first"), store);
  wireFaces(part("source"), store);
  const source = wireSource(part("source"), store);
  const voices = ["first", "second"].map((side) => wireSpeech(part(side), side, store));
  const stopLooking = keepLooking(store, (isLooking, fault) => looked(part, isLooking, fault));
  find(root, "#order").addEventListener("change", (event) => store.change({ order: event.target.value }));
  store.watch((state) => showPlan(part, state));
  find(outcome, "[data-submit]").addEventListener("click", () => submit(part, store, run));
  const leave = () => [run, source, ...voices].forEach((each) => each.pause());
  const end = () => [leave, source.end, ...voices.map((voice) => voice.end), stopLooking].forEach((each) => each());
  return { run, key: key(), leave, end };
}

function submit(part, store, run) {
  const state = store.get();
  const lacking = missing(state);
  if (lacking) return ask(part(lacking.part), lacking.words);
  const fault = faultOf(state.options);
  if (fault) return complain(part("options"), ...fault);
  if (isUploading(state)) return say(find(part("outcome"), "[data-submit-fault]"), "The files are still on their way. Try again in a moment.");
  const { source, options: { syncMode } } = state;
  run.submit(order(state, (name, clip) => clip.url), { ...source, syncMode });
}

/** Says in a card what it lacks, and goes there. */
function ask(card, words) {
  say(find(card, ".fault"), words);
  const visible = [...card.querySelectorAll("input[type=file], textarea, [data-record], [data-remove]")].find((each) => each.offsetParent);
  visible?.focus();
  card.scrollIntoView({ block: "nearest" });
}

function refused(part, fault, { quietly = false } = {}) {
  const place = fault.field && placeOf(fault.field);
  if (!place) return false;
  const words = fault.words ?? fault.message;
  if (place.id) return complain(part(place.part), place.id, words);
  say(find(part(place.part), ".fault"), words);
  if (!quietly) part(place.part).scrollIntoView({ block: "nearest" });
  return true;
}

function looked(part, isLooking, fault) {
  find(part("source"), "[data-looking]").textContent = isLooking ? "Looking for faces …" : "";
  if (isLooking) {
    for (const name of ["source", "first"]) say(find(part(name), ".fault"), "");
  }
  if (fault && !refused(part, fault, { quietly: true })) say(find(part("source"), ".fault"), fault.words);
}

function showPlan(part, state) {
  const outcome = part("outcome");
  part("second").hidden = !state.speaksBoth;
  find(part("first"), "[data-title]").textContent = state.speaksBoth ? "What the left person says" : "What is said";
  for (const each of part("first").querySelectorAll("#first-mode-text, #first-mode-text + label")) each.hidden = state.speaksBoth;
  find(part("first"), `#first-mode-${state.first.mode}`).checked = true;
  const lacking = missing(state);
  const plan = !lacking && state.first.mode !== "text" && !state.speaksBoth ? state.finding?.plan : null;
  const list = find(outcome, "[data-plan]");
  list.hidden = !plan;
  if (plan) {
    replace(list, ...[
      ["Length", `${plan.duration_s.toFixed(1)} s`], ["Size", `${plan.width}×${plan.height}`], ["Cost", `${state.finding.cost.credits} credits`],
    ].map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  }
  // The one thing to do next stands out.
  find(outcome, "[data-submit]").classList.toggle("primary", !lacking);
  for (const side of ["first", "second"]) find(part(side), `label[for="${side}-file"]`).classList.toggle("primary", Boolean(state.source));
  const warnings = find(outcome, "[data-plan-warnings]");
  const said = plan && state.faceIndex === null ? state.finding.warnings : [];
  warnings.hidden = !said.length;
  replace(warnings, ...said.map((warning) => el("li", {}, warning)));
  write(find(outcome, "[data-next]"), next(state, lacking));
  if (!isUploading(state)) say(find(outcome, "[data-submit-fault]"), "");
}

function next(state, lacking) {
  if (lacking) return lacking.words;
  if (isUploading(state)) return "Uploading …";
  if (state.speaksBoth) return "Ready. Length and cost follow from both voices.";
  if (state.first.mode === "text") return "Ready. Length and cost follow from the text.";
  return state.finding?.plan ? "Ready. Nothing is charged if it fails." : "";
}
