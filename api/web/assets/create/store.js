// What is chosen on the screen, in one place, and who wants to know when it changes.

/** Makes a store over a first state. */
export function createStore(first) {
  let state = first;
  const watchers = [];
  return {
    get: () => state,
    /** Replaces what the patch names and tells everybody. */
    change(patch) {
      const before = state;
      state = { ...state, ...patch };
      for (const watcher of watchers) watcher(state, before);
    },
    /** Calls back now and after each change, with the state and the one before. */
    watch(watcher) {
      watchers.push(watcher);
      watcher(state, state);
    },
  };
}

/** What a person sees who has chosen nothing yet. */
export function nothingChosen() {
  return {
    source: null,
    first: { mode: "file", clip: null },
    second: { mode: "file", clip: null },
    script: "",
    voiceId: "",
    speaksBoth: false,
    order: "meanwhile",
    faceIndex: null,
    finding: null,
    options: {
      resolution: "480p", engine: "", syncMode: "bounce", offsetMs: "0", prompt: "", seed: "", webhook: "",
    },
  };
}
