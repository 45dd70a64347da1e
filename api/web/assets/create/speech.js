// Step 2: what is said, as a sound file, by microphone, or as text.

import { find, say } from "../dom.js";
import { accept, bytes, kindOf, sample, take } from "./clip.js";
import { close, opener, record } from "./recorder.js";

const LONGEST_S = 300;

/**
 * Wires one voice's card.
 * @param {HTMLElement} part
 * @param {"first"|"second"} side its name in the state
 * @returns {{pause: () => void, end: () => void}} `pause` lets go of the microphone, `end` of the file too
 */
export function wireSpeech(part, side, store) {
  let drop = () => {};
  const fault = find(part, `#${side}-fault`);
  const change = (patch) => store.change({ [side]: { ...store.get()[side], ...patch } });
  const choose = (file) => {
    if (!["audio", "video"].includes(kindOf(file))) {
      return say(fault, `${file.name} has no sound. Choose an MP3, WAV, M4A, FLAC or Ogg file, or a video that is spoken in.`);
    }
    drop();
    say(fault, "");
    drop = take(file, (clip) => change({ clip }));
    find(part, "[data-remove]").focus({ preventScroll: true });
  };
  accept(find(part, `#${side}-file`), find(part, "[data-drop]"), choose);
  find(part, "[data-sample]").addEventListener("click", async () => choose(await sample("voice.flac", "audio/flac")));
  find(part, "[data-remove]").addEventListener("click", () => {
    drop();
    drop = () => {};
    say(fault, "");
    change({ clip: null });
    find(part, store.get()[side].mode === "mic" ? "[data-record]" : `#${side}-file`).focus();
  });
  find(part, "[data-modes]").addEventListener("change", (event) => {
    say(fault, "");
    change({ mode: event.target.value });
  });
  const stopRecording = wireMicrophone(part, choose, (text) => say(fault, text));
  store.watch((state, before) => show(part, side, state, before));
  return { pause: stopRecording, end: () => drop() };
}

function wireMicrophone(part, onFile, onFault) {
  const button = find(part, "[data-record]");
  let stream = null;
  let stop = null;
  const open = opener({ audio: true });

  function shut() {
    open.forget();
    close(stream);
    stream = stop = null;
    button.textContent = "Start recording";
  }

  button.addEventListener("click", async () => {
    onFault("");
    if (stop) return stop();
    try {
      const opened = await open.ask();
      if (!opened) return;
      stream = opened;
    } catch (fault) {
      return onFault(fault.message);
    }
    button.textContent = "Stop recording";
    stop = record(stream, {
      name: "recording", timer: find(part, "[data-time]"), meter: find(part, "[data-level]"), longestS: LONGEST_S,
      onEnd: (file) => {
        const isWanted = stream !== null;
        shut();
        if (isWanted) onFile(file);
      },
    });
  });
  return () => {
    const end = stop;
    shut();
    end?.();
  };
}

function show(part, side, state, before) {
  const { mode, clip } = state[side];
  const isText = mode === "text" && !state.speaksBoth;
  find(part, "[data-drop]").hidden = mode !== "file" || Boolean(clip);
  find(part, "[data-recorder]").hidden = mode !== "mic" || Boolean(clip);
  find(part, "[data-chosen]").hidden = isText || !clip;
  if (side === "first") find(part, "[data-text]").hidden = !isText;
  if (!clip) return;
  const player = find(part, "[data-player]");
  if (player.getAttribute("src") !== clip.preview) player.src = clip.preview;
  player.setAttribute("aria-label", `The speech you chose: ${clip.name}`);
  find(part, "[data-name]").textContent = clip.name;
  find(part, "[data-facts]").textContent = bytes(clip.size);
  find(part, "[data-upload]").hidden = Boolean(clip.url || clip.fault);
  find(part, `#${side}-progress`).value = clip.percent;
  if (clip.fault && clip !== before[side].clip) say(find(part, `#${side}-fault`), clip.fault.words ?? clip.fault.message);
}
