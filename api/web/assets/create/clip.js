// A file that somebody picked, dropped or recorded: shown at once, uploaded meanwhile.

import { upload } from "./upload.js";

const IMAGE_ENDINGS = /\.(jpe?g|png|webp|bmp|gif|tiff?|avif|heic)$/i;
const VIDEO_ENDINGS = /\.(mp4|m4v|mov|webm|mkv|avi)$/i;
const SOUND_ENDINGS = /\.(mp3|wav|m4a|aac|flac|ogg|oga|opus|webm|weba)$/i;

/** Tells what a file is by its type, else by its name: "image", "video", "audio" or "". */
export function kindOf(file) {
  const [kind] = file.type.split("/");
  if (["image", "video", "audio"].includes(kind)) return kind;
  if (IMAGE_ENDINGS.test(file.name)) return "image";
  if (VIDEO_ENDINGS.test(file.name)) return "video";
  return SOUND_ENDINGS.test(file.name) ? "audio" : "";
}

/**
 * Begins to upload a file and tells at each step what is known of it.
 * @param {File} file
 * @param {(clip: {name, kind, size, preview, percent, url, fault}) => void} onChange
 * @returns {() => void} stops the upload and lets go of the preview
 */
export function take(file, onChange) {
  const stop = new AbortController();
  let clip = {
    name: file.name, kind: kindOf(file), size: file.size, preview: URL.createObjectURL(file), percent: 0, url: "", fault: null,
  };
  const change = (patch) => {
    clip = { ...clip, ...patch };
    if (!stop.signal.aborted) onChange(clip);
  };
  change({});
  upload(file, (percent) => change({ percent: Math.floor(percent) }), stop.signal)
    .then((url) => change({ url, percent: 100 }))
    .catch((fault) => change({ fault }));
  return () => {
    stop.abort(new DOMException("replaced", "AbortError"));
    URL.revokeObjectURL(clip.preview);
  };
}

/** Fetches one of the samples that come with the page. */
export async function sample(name, type) {
  const response = await fetch(new URL(`assets/samples/${name}`, document.baseURI));
  return new File([await response.blob()], name, { type });
}

/**
 * Takes files that are picked or dropped.
 * @param {HTMLInputElement} input
 * @param {HTMLElement} area
 * @param {(file: File) => void} onFile
 */
export function accept(input, area, onFile) {
  input.addEventListener("change", () => {
    if (input.files[0]) onFile(input.files[0]);
    // The same file may be chosen again.
    input.value = "";
  });
  for (const name of ["dragenter", "dragover"]) {
    area.addEventListener(name, (event) => {
      event.preventDefault();
      area.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) area.addEventListener(name, () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) onFile(event.dataTransfer.files[0]);
  });
}

/** Writes a number of bytes for people. */
export function bytes(size) {
  if (size < 1000) return `${size} bytes`;
  return size < 1e6 ? `${Math.round(size / 1e3)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}

/** Writes a time of seconds as m:ss. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
