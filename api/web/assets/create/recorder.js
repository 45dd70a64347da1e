// Records camera or microphone, with the time and, of sound, the level.

import { clock } from "./clip.js";

const SOUND_TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const FILM_TYPES = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
const ENDINGS = { "audio/webm": "webm", "audio/mp4": "m4a", "audio/ogg": "ogg", "video/webm": "webm", "video/mp4": "mp4" };

/**
 * Opens camera or microphone, once at a time, and lets go of one that nobody waits for any more.
 * @param {MediaStreamConstraints} wanted
 * @returns {{ask: () => Promise<MediaStream|null>, forget: () => void}} `ask` gives null while it is asked for already,
 *   and when it was forgotten meanwhile; it throws an Error in words that say what to do
 */
export function opener(wanted) {
  let asked = null;
  return {
    async ask() {
      if (asked) return null;
      const mine = (asked = {});
      try {
        const stream = await open(wanted);
        if (asked === mine) return stream;
        close(stream);
        return null;
      } finally {
        if (asked === mine) asked = null;
      }
    },
    forget() { asked = null; },
  };
}

async function open(wanted) {
  const what = wanted.video ? "camera" : "microphone";
  if (!navigator.mediaDevices) {
    throw new Error(`Browsers lend the ${what} to pages over HTTPS or on localhost alone. Open this page in such a way, or choose a file.`);
  }
  try {
    return await navigator.mediaDevices.getUserMedia(wanted);
  } catch (fault) {
    if (fault.name === "NotAllowedError") throw new Error(`The browser may not use the ${what}. Allow it beside the address, then try again.`);
    if (fault.name === "NotFoundError") throw new Error(`There is no ${what}. Connect one, or choose a file.`);
    throw new Error(`The ${what} cannot be used: another program may have it. Close that, or choose a file.`);
  }
}

/** Lets go of camera and microphone. */
export function close(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/**
 * Records a stream until it is told to stop.
 * @param {MediaStream} stream
 * @param {{name: string, timer: HTMLElement, meter?: HTMLMeterElement, longestS: number, onEnd: (file: File) => void}} to
 * @returns {() => void} stops it
 */
export function record(stream, { name, timer, meter, longestS, onEnd }) {
  const isFilm = stream.getVideoTracks().length > 0;
  const mimeType = (isFilm ? FILM_TYPES : SOUND_TYPES).find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
  const parts = [];
  const stop = () => recorder.state !== "inactive" && recorder.stop();
  const began = performance.now();
  const tick = setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    timer.textContent = `${clock(seconds)} of at most ${clock(longestS)}`;
    if (seconds >= longestS) stop();
  }, 200);
  const stopLevel = meter ? showLevel(stream, meter) : () => {};
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  recorder.addEventListener("stop", () => {
    clearInterval(tick);
    stopLevel();
    timer.textContent = "";
    const type = recorder.mimeType.split(";")[0];
    onEnd(new File(parts, `${name}.${ENDINGS[type] ?? "webm"}`, { type }));
  });
  recorder.start();
  return stop;
}

function showLevel(stream, meter) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    // -50 dB is as good as silence, 0 dB as loud as can be.
    meter.value = power ? Math.min(1, Math.max(0, 1 + Math.log10(power) / 5)) : 0;
  }, 80);
  return () => {
    clearInterval(timer);
    meter.value = 0;
    context.close();
  };
}
