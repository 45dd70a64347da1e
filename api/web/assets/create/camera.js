// The camera as a source: a photo, or a short video.

import { find } from "../dom.js";
import { close, opener, record } from "./recorder.js";

const LONGEST_S = 60;
const QUALITY = 0.92;

/**
 * Wires the camera's panel.
 * @param {HTMLElement} part the source's card
 * @param {(file: File) => void} onFile
 * @param {(text: string) => void} onFault
 */
export function cameraPanel(part, onFile, onFault) {
  const panel = find(part, "[data-camera-panel]");
  const view = find(part, "[data-camera-view]");
  const film = find(part, "[data-film]");
  const photo = find(part, "[data-photo]");
  let stream = null;
  let stop = null;
  let toggled = () => {};
  const open = opener({ video: { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: "user" } });

  function shut() {
    open.forget();
    stop?.(); // Its file is dropped: nobody waits for it any more.
    stop = null;
    close(stream);
    stream = view.srcObject = null;
    panel.hidden = true;
    film.textContent = "Record a video";
    photo.disabled = false;
    toggled();
  }

  function done(file) {
    const isWanted = stream !== null;
    shut();
    if (isWanted) onFile(file);
  }

  find(part, "[data-camera]").addEventListener("click", async () => {
    onFault("");
    try {
      const opened = await open.ask();
      if (!opened) return;
      stream = opened;
    } catch (fault) {
      return onFault(fault.message);
    }
    view.srcObject = stream;
    panel.hidden = false;
    toggled();
    photo.focus();
    await view.play();
  });
  find(part, "[data-camera-close]").addEventListener("click", () => {
    shut();
    find(part, "[data-camera]").focus();
  });
  photo.addEventListener("click", async () => {
    const asked = stream;
    // A camera takes a moment to show anything.
    if (!view.videoWidth) await new Promise((go) => view.addEventListener("loadeddata", go, { once: true }));
    if (stream !== asked) return;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [view.videoWidth, view.videoHeight];
    canvas.getContext("2d").drawImage(view, 0, 0);
    canvas.toBlob((blob) => done(new File([blob], "photo.jpg", { type: "image/jpeg" })), "image/jpeg", QUALITY);
  });
  film.addEventListener("click", () => {
    if (stop) return stop();
    photo.disabled = true;
    film.textContent = "Stop recording";
    stop = record(stream, { name: "recording", timer: find(part, "[data-film-time]"), longestS: LONGEST_S, onEnd: done });
  });
  return { isOpen: () => stream !== null, close: shut, onToggle: (listener) => { toggled = listener; } };
}
