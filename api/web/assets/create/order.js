// The request that the screen stands for.

import { drivable } from "./faces.js";

/**
 * Writes the request.
 * @param {Object} state of the store
 * @param {(name: string, clip: Object|null) => string} link what stands for a file: its link, or a name in a sample
 * @returns {{path: string, body: Object, clips: Array<[string, Object|null]>}} the files in it too, by their fields
 */
export function order(state, link) {
  const { source, speaksBoth } = state;
  const kind = source?.kind === "video" ? "video" : "image";
  const clips = [[kind, source], ...speech(state)];
  const form = Object.fromEntries(clips.map(([name, clip]) => [name, link(name, clip)]));
  if (speaksBoth) form.order = state.order;
  else Object.assign(form, spoken(state), face(state));
  const path = speaksBoth ? "lipsync-image-multi" : `lipsync-${kind}`;
  return { path, body: { ...webhook(state), formState: { ...form, ...options(state.options, kind) } }, clips };
}

/** What is still to be chosen, as the words that say so and the part that takes it; null when nothing is. */
export function missing(state) {
  const { source, first, second, speaksBoth, script, finding } = state;
  if (!source) return { part: "source", words: "Choose a portrait or a video first." };
  if (source.fault) return { part: "source", words: "The portrait or video was not uploaded. Choose it again." };
  // A video is looked at in places: the job itself may find what was not found there.
  if (source.kind === "image" && finding && !drivable(finding).length) return { part: "source", words: "Choose a picture with a face that can be moved." };
  const isText = first.mode === "text" && !speaksBoth;
  if (isText && !script.trim()) return { part: "first", words: "Type what is to be said." };
  if (isText && !state.voiceId) return { part: "first", words: "Choose a voice." };
  if (!isText && !first.clip) return { part: "first", words: first.mode === "mic" ? "Record the speech first." : "Choose the speech first." };
  if (!isText && first.clip.fault) return { part: "first", words: "The speech was not uploaded. Choose it again." };
  if (speaksBoth && !second.clip) return { part: "second", words: "Choose what the right person says." };
  if (speaksBoth && second.clip.fault) return { part: "second", words: "The speech was not uploaded. Choose it again." };
  return null;
}

/** Whether a file is still on its way to the service. */
export function isUploading({ source, first, second, speaksBoth }) {
  const clips = [source, first.mode === "text" && !speaksBoth ? null : first.clip, speaksBoth ? second.clip : null];
  return clips.some((clip) => clip && !clip.url && !clip.fault);
}

function speech({ first, second, speaksBoth }) {
  if (speaksBoth) return [["left_audio", first.clip], ["right_audio", second.clip]];
  return first.mode === "text" ? [] : [["audio", first.clip]];
}

function spoken({ first, script, voiceId }) {
  return first.mode === "text" ? { script: script.trim(), voice_id: voiceId } : {};
}

/** The chosen face, by a point in it. */
function face({ finding, faceIndex }) {
  const chosen = drivable(finding).find((each) => each.index === faceIndex);
  return chosen ? { face: chosen.point } : {};
}

function webhook({ options: { webhook: url } }) {
  return url ? { webhook: url } : {};
}

function options({ resolution, engine, syncMode, offsetMs, prompt, seed }, kind) {
  return {
    resolution,
    ...(engine && { engine }),
    ...(kind === "video" && syncMode !== "bounce" && { sync_mode: syncMode }),
    ...(Number(offsetMs) && { sync_offset_ms: Number(offsetMs) }),
    ...(prompt && { prompt }),
    ...(seed && { seed: Number(seed) }),
  };
}
