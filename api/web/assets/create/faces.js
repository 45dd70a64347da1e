// The faces that were found, as boxes on the picture that can be chosen.

import { el, find, replace } from "../dom.js";

/** Shows faces whenever others are found or chosen; `part` is the source's card. */
export function wireFaces(part, store) {
  const both = find(part, "[data-both]");
  both.addEventListener("change", (event) => {
    const { first } = store.get();
    // Two voices are two sounds: text is spoken by one.
    const mode = event.target.value === "two" && first.mode === "text" ? "file" : first.mode;
    store.change({ speaksBoth: event.target.value === "two", faceIndex: null, first: { ...first, mode } });
  });
  store.watch((state, before) => {
    if (state !== before && state.finding === before.finding && state.faceIndex === before.faceIndex &&
        state.speaksBoth === before.speaksBoth && state.source?.preview === before.source?.preview) return;
    show(part, both, state, store);
  });
}

/** The faces that can speak, each with its place in the finding. */
export function drivable(finding) {
  return (finding?.faces ?? []).map((face, index) => ({ ...face, index })).filter((face) => face.drivable);
}

function show(part, both, { finding, faceIndex, speaksBoth, source }, store) {
  const frame = find(part, "[data-frame]");
  for (const old of frame.querySelectorAll(".face")) old.remove();
  const area = find(part, "[data-faces]");
  area.hidden = !finding || !source;
  if (area.hidden) return;
  const able = drivable(finding);
  both.hidden = !(able.length >= 2 && source.kind === "image");
  find(both, speaksBoth ? "#voices-two" : "#voices-one").checked = true;
  find(part, "[data-faces-words]").textContent = words(finding.faces.length, able.length, both.hidden, speaksBoth);
  const reasons = finding.faces.map((face, index) => (face.drivable ? "" : `${labelOf(index, able)}: ${face.reason || "cannot be moved"}`)).filter(Boolean);
  const list = find(part, "[data-reasons]");
  list.hidden = !reasons.length;
  replace(list, ...reasons.map((reason) => el("li", {}, reason)));
  frame.append(...finding.faces.map((face, index) => box(finding, face, index, { able, faceIndex, speaksBoth, store })));
}

function words(all, able, isSingle, speaksBoth) {
  if (!able) return all ? "No face here can be moved:" : "No face was found. Choose a picture or video in which a face can be seen clearly.";
  if (able === 1) return "One face was found. It will speak.";
  if (speaksBoth) return "Both speak: the left person the first voice, the right person the second.";
  return isSingle ? `${able} faces were found. Click the one who speaks, or leave it to the service.` : `${able} faces were found. Click the one who speaks, or let both speak.`;
}

/** Of two that can speak one is told by its side, as everybody sees it; of more by its number. */
function labelOf(index, able) {
  const place = able.findIndex((face) => face.index === index);
  if (able.length !== 2 || place < 0) return `Face ${index + 1}`;
  return able[place].box[0] <= able[1 - place].box[0] ? "Left" : "Right";
}

function box(finding, face, index, { able, faceIndex, speaksBoth, store }) {
  const label = labelOf(index, able);
  const isChoice = face.drivable && able.length > 1 && !speaksBoth;
  const element = isChoice
    ? el("button", {
      type: "button", class: "face", "aria-pressed": String(faceIndex === index), "aria-label": `${label}${able.length === 2 ? " face" : ""} speaks`,
      onclick: () => {
        store.change({ faceIndex: faceIndex === index ? null : index });
        document.querySelector(`.frame .face[data-index="${index}"]`)?.focus();
      },
      "data-index": index,
    }, el("span", { "aria-hidden": "true" }, faceIndex === index ? "Speaks" : label))
    : el("div", { class: face.drivable ? "face" : "face idle", "aria-hidden": "true" }, able.length > 1 || !face.drivable ? el("span", {}, label) : null);
  const [x, y, width, height] = face.box;
  const { width: across, height: down } = finding.source;
  for (const [name, share] of Object.entries({ x: x / across, y: y / down, w: width / across, h: height / down })) {
    element.style.setProperty(`--${name}`, `${(100 * share).toFixed(3)}%`);
  }
  return element;
}
