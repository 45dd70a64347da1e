// Asks the service what a job of the files would meet: faces, length, size, cost.

import { ApiError, call } from "../api.js";

const WAIT_S = 30;

/**
 * Looks whenever what is looked at changes.
 * @param {(isLooking: boolean, fault: ApiError|null) => void} onState
 * @returns {() => void} stops looking
 */
export function keepLooking(store, onState) {
  let current = "";
  let stop = new AbortController();
  store.watch(async (state) => {
    const asked = question(state);
    const text = JSON.stringify(asked);
    if (text === current) return;
    current = text;
    stop.abort();
    if (!asked) return onState(false, null);
    const mine = (stop = new AbortController());
    // What was found of other speech says nothing of this one's length and cost.
    if (state.finding?.plan) store.change({ finding: { ...state.finding, plan: null, cost: null } });
    onState(true, null);
    try {
      const finding = await look(asked, mine.signal);
      if (mine.signal.aborted) return;
      store.change({ finding });
      onState(false, null);
    } catch (fault) {
      if (!mine.signal.aborted) onState(false, fault instanceof ApiError ? fault : new ApiError({ message: fault.message }));
    }
  });
  return () => stop.abort();
}

function question({ source, first, second, speaksBoth, options }) {
  if (!source?.url) return null;
  const asked = { [source.kind === "video" ? "video" : "image"]: source.url, resolution: options.resolution, sync_mode: options.syncMode };
  const audio = first.mode === "text" && !speaksBoth ? "" : first.clip?.url || (speaksBoth ? second.clip?.url : "");
  return audio ? { ...asked, audio } : asked;
}

async function look(asked, signal) {
  let found = await call("POST", `inspect?wait=${WAIT_S}`, { body: asked, signal });
  while (found.status === "running") found = await call("GET", `inspect/${found.id}?wait=${WAIT_S}`, { signal });
  return found;
}
