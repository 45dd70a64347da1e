// Step 1: the portrait or video, chosen, dropped, filmed, or the sample.

import { el, find, replace, say } from "../dom.js";
import { accept, bytes, kindOf, sample, take } from "./clip.js";
import { cameraPanel } from "./camera.js";

/**
 * Wires the source's card.
 * @param {HTMLElement} part its section
 * @returns {{pause: () => void, end: () => void}} `pause` lets go of the camera, `end` of the file too
 */
export function wireSource(part, store) {
  let drop = () => {};
  const fault = find(part, "#source-fault");
  const choose = (file) => {
    if (!["image", "video"].includes(kindOf(file))) {
      return say(fault, `${file.name} is neither a picture nor a video. Choose a JPEG, PNG, WebP, MP4, MOV or WebM file.`);
    }
    drop();
    say(fault, "");
    store.change({ faceIndex: null, speaksBoth: false, finding: null });
    drop = take(file, (source) => store.change({ source }));
    find(part, "[data-remove]").focus({ preventScroll: true });
  };
  const camera = cameraPanel(part, choose, (text) => say(fault, text));
  accept(find(part, "#source-file"), find(part, "[data-drop]"), choose);
  find(part, "[data-sample]").addEventListener("click", async () => choose(await sample("portrait.jpg", "image/jpeg")));
  find(part, "[data-remove]").addEventListener("click", () => {
    drop();
    drop = () => {};
    say(fault, "");
    store.change({ source: null, faceIndex: null, speaksBoth: false, finding: null });
    find(part, "#source-file").focus();
  });
  store.watch((state, before) => show(part, state, before, camera.isOpen()));
  camera.onToggle(() => show(part, store.get(), store.get(), camera.isOpen()));
  return { pause: camera.close, end: () => drop() };
}

function show(part, { source, finding }, before, isFilming) {
  find(part, "[data-drop]").hidden = Boolean(source) || isFilming;
  find(part, "[data-chosen]").hidden = !source || isFilming;
  if (!source) return;
  const frame = find(part, "[data-frame]");
  if (frame.dataset.shows !== source.preview) {
    frame.dataset.shows = source.preview;
    replace(frame, preview(source));
  }
  find(part, "[data-name]").textContent = source.name;
  find(part, "[data-facts]").textContent = [finding && facts(finding.source), bytes(source.size)].filter(Boolean).join(" · ");
  find(part, "[data-upload]").hidden = Boolean(source.url || source.fault);
  find(part, "#source-progress").value = source.percent;
  if (source.fault && source !== before.source) say(find(part, "#source-fault"), source.fault.words ?? source.fault.message);
}

function preview(source) {
  if (source.kind === "image") return el("img", { src: source.preview, alt: `The portrait you chose: ${source.name}` });
  const video = el("video", { src: source.preview, controls: true, playsinline: true, "aria-label": `The video you chose: ${source.name}` });
  video.muted = true;
  return video;
}

function facts(media) {
  const size = `${media.width}×${media.height}`;
  return media.kind === "video" ? `${size} · ${media.duration_s.toFixed(1)} s · ${Math.round(media.fps)} fps` : size;
}
