// Step 3: options, folded away; what differs from the defaults is told beside the heading.

import { call } from "../api.js";
import { el, find, replace, say } from "../dom.js";

const FIELDS = {
  resolution: "resolution", engine: "engine", syncMode: "sync-mode", offsetMs: "offset", prompt: "prompt", seed: "seed", webhook: "webhook",
};

/** Wires the options; the engines are asked for at once. */
export function wireOptions(part, store) {
  for (const [name, id] of Object.entries(FIELDS)) {
    const field = find(part, `#${id}`);
    field.addEventListener("input", () => {
      clear(part, id);
      store.change({ options: { ...store.get().options, [name]: field.value.trim() } });
    });
  }
  store.watch(({ source, options }) => {
    find(part, "[data-video-only]").hidden = source?.kind !== "video";
    find(part, "[data-options-words]").textContent = summary(options);
  });
  loadEngines(part);
}

/** Says what is wrong with an option, beside it, and opens the options to show it. */
export function complain(part, id, text) {
  const fault = part.querySelector(`#${id}-fault`);
  if (!fault) return false;
  part.open = true;
  say(fault, text);
  const field = find(part, `#${id}`);
  field.setAttribute("aria-invalid", "true");
  field.focus();
  return true;
}

/** What is wrong with the options before anybody is asked: the field's id and words, or null. */
export function faultOf({ offsetMs, seed, webhook }) {
  if (!/^-?\d+$/.test(offsetMs || "0") || Math.abs(Number(offsetMs)) > 1000) return ["offset", "Type whole milliseconds from -1000 to 1000."];
  if (seed && (!/^\d+$/.test(seed) || Number(seed) > 2147483647)) return ["seed", "Type a whole number from 0 to 2147483647, or nothing."];
  if (webhook && !/^https?:\/\/\S+$/.test(webhook)) return ["webhook", "Type a whole address that begins with https:// or http://."];
  return null;
}

function clear(part, id) {
  const fault = part.querySelector(`#${id}-fault`);
  if (fault) fault.textContent = "";
  find(part, `#${id}`).removeAttribute("aria-invalid");
}

function summary({ resolution, engine, offsetMs, prompt, seed, webhook }) {
  return [
    resolution, engine, Number(offsetMs) && `${offsetMs} ms`, prompt && `“${prompt.slice(0, 24)}”`, seed && `seed ${seed}`, webhook && "webhook",
  ].filter(Boolean).join(" · ");
}

/** Tells why engines are not ready, to whoever wants to know. */
function explain(details, lacking) {
  details.hidden = !lacking.length;
  find(details, "summary").textContent = `${lacking.length} more ${lacking.length === 1 ? "is" : "are"} not ready: why`;
  replace(find(details, "ul"), ...lacking.map(({ name, missing }) => el("li", {}, `${name}: ${missing}`)));
}

async function loadEngines(part) {
  const hint = find(part, "#engine-hint");
  try {
    const { models } = await call("GET", "models");
    const chosen = models.find((model) => model.default);
    replace(find(part, "#engine"),
      el("option", { value: "" }, chosen ? `${chosen.name} (default)` : "The service's default"),
      ...models.filter((model) => !model.default).map((model) =>
        el("option", { value: model.name, disabled: !model.ready }, model.ready ? model.name : `${model.name}: not ready`)));
    hint.textContent = models.length ? "" : "No worker runs at the moment; jobs wait until one does.";
    explain(find(part, "[data-lacking]"), models.filter((model) => !model.ready));
  } catch (fault) {
    hint.textContent = `The engines could not be listed. ${fault.words ?? fault.message}`;
  }
}
