// The finished video over what it was made of: one transport for both, and a divider between them.

import { el, svg } from "../dom.js";
import { clock } from "./clip.js";

const ICONS = {
  play: "M5 3l11 6.500L5 16z", pause: "M4 3h4v13H4zM11 3h4v13h-4z",
  loud: "M2 7v5h3l4 3.500v-12L5 7zM11.500 6q2.500 3.500 0 7l1.200 1q3.300-4.500 0-9z",
  muted: "M2 7v5h3l4 3.500v-12L5 7zM11 7.500l1-1 2 2 2-2 1 1-2 2 2 2-1 1-2-2-2 2-1-1 2-2z",
};
/** The original may be this far from where it belongs before it is put right, in seconds. */
const DRIFT_S = 0.12;
/** How the finished video is shown beside the original, and what the choice is called. */
const VIEWS = [["result", "Result"], ["slide", "Compare"], ["beside", "Side by side"]];
/** Several screens may hold a player: the choices of each have names of their own. */
let made = 0;

/**
 * Makes a player.
 * @param {string} url of the finished video
 * @param {{kind: string, preview: string, syncMode: string}|null} source
 */
export function player(url, source) {
  const after = el("video", { src: url, playsinline: true, preload: "auto", "aria-label": "The finished video", tabindex: "-1" });
  const before = original(source);
  const screen = el("div", { class: "screen" }, after, before, before && el("div", { class: "edge" }),
    before && el("span", { class: "tag left" }, "Before"), before && el("span", { class: "tag right" }, "After"));
  const root = el("div", { class: "compare" }, screen, transport(after), before && comparison(screen));
  if (before?.tagName === "VIDEO") keepTogether(after, before, source.syncMode);
  after.addEventListener("click", () => toggle(after));
  before?.addEventListener("click", () => toggle(after));
  after.addEventListener("loadedmetadata", () => {
    screen.style.setProperty("--aspect", `${after.videoWidth} / ${after.videoHeight}`);
    screen.style.setProperty("--width", `min(100%, ${Math.round((34 * 16 * after.videoWidth) / after.videoHeight)}px)`);
  });
  return root;
}

function original(source) {
  if (!source) return null;
  if (source.kind === "image") return el("img", { class: "before", src: source.preview, alt: "The portrait before" });
  const video = el("video", { class: "before", src: source.preview, playsinline: true, preload: "auto", "aria-label": "The video before", tabindex: "-1" });
  video.muted = true;
  return video;
}

function transport(video) {
  const icon = svg("path", { d: ICONS.play });
  const button = el("button", { type: "button", class: "icon-button primary", "aria-label": "Play", onclick: () => toggle(video) },
    svg("svg", { viewBox: "0 0 19 19", "aria-hidden": "true" }, icon));
  const seek = el("input", { type: "range", min: 0, max: 0, step: 0.01, value: 0, "aria-label": "Position in seconds" });
  const time = el("span", { class: "num hint" }, "0:00");
  const speaker = svg("path", { d: ICONS.loud });
  const sound = el("button", { type: "button", class: "quiet icon-button", "aria-label": "Mute", title: "Mute", "aria-pressed": "false", onclick: () => { video.muted = !video.muted; } },
    svg("svg", { viewBox: "0 0 19 19", "aria-hidden": "true" }, speaker));
  seek.addEventListener("input", () => { video.currentTime = Number(seek.value); });
  for (const name of ["play", "pause", "ended"]) {
    video.addEventListener(name, () => {
      icon.setAttribute("d", video.paused ? ICONS.play : ICONS.pause);
      button.setAttribute("aria-label", video.paused ? "Play" : "Pause");
    });
  }
  video.addEventListener("volumechange", () => {
    sound.setAttribute("aria-pressed", String(video.muted));
    speaker.setAttribute("d", video.muted ? ICONS.muted : ICONS.loud);
  });
  video.addEventListener("loadedmetadata", () => { seek.max = video.duration; });
  for (const name of ["loadedmetadata", "timeupdate", "seeked"]) {
    video.addEventListener(name, () => {
      seek.value = video.currentTime;
      seek.setAttribute("aria-valuetext", `${clock(video.currentTime)} of ${clock(video.duration || 0)}`);
      time.textContent = `${clock(video.currentTime)} / ${clock(video.duration || 0)}`;
    });
  }
  return el("div", { class: "transport" }, button, seek, time, sound);
}

/** The choice between the result alone, a divider that is drawn over the picture, and both beside each other. */
function comparison(screen) {
  const name = `compare-${made += 1}`;
  const slider = el("input", { type: "range", class: "divider", min: 0, max: 100, value: 50, "aria-label": "Divider between before and after" });
  screen.querySelector(".edge").before(slider);
  const slide = () => {
    screen.style.setProperty("--split", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${slider.value} percent before`);
  };
  const view = (chosen) => { screen.dataset.view = chosen; };
  slider.addEventListener("input", slide);
  slide();
  view("result");
  return el("fieldset", { class: "segments", onchange: (event) => view(event.target.value) },
    el("legend", { class: "visually-hidden" }, "Compare with the original"),
    ...VIEWS.flatMap(([value, words]) => [
      el("input", { type: "radio", name, id: `${name}-${value}`, value, checked: value === "result" }),
      el("label", { for: `${name}-${value}` }, words),
    ]));
}

function toggle(video) {
  if (video.paused) video.play();
  else video.pause();
}

/** Shows of the original what the finished video shows, also where that is longer. */
function keepTogether(after, before, mode) {
  const place = () => {
    const [wanted, isForward] = within(after.currentTime, before.duration, mode);
    if (!Number.isFinite(wanted)) return;
    if (Math.abs(before.currentTime - wanted) > (isForward ? DRIFT_S : 0.03)) before.currentTime = wanted;
    if (isForward && !after.paused && before.paused) before.play().catch(() => {});
    if ((!isForward || after.paused) && !before.paused) before.pause();
  };
  const run = () => {
    place();
    if (!after.paused && after.isConnected) requestAnimationFrame(run);
  };
  for (const name of ["play", "pause", "seeked", "timeupdate"]) after.addEventListener(name, name === "play" ? run : place);
}

/** Where a time of the output lies in a shorter source, and whether that plays forward there. */
function within(time, length, mode) {
  if (!(length > 0)) return [NaN, true];
  if (time < length) return [time, true];
  if (mode === "loop") return [time % length, true];
  if (mode === "freeze") return [length, false];
  const phase = time % (2 * length);
  return phase < length ? [phase, true] : [2 * length - phase, false];
}
