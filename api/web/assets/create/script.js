// The text to be spoken and the voice to speak it.

import { call } from "../api.js";
import { el, find, replace, say } from "../dom.js";

/** Characters of a script that are said in a second, as the service's own estimate has it. */
const CHARS_A_S = 15;

/** Wires text and voices; the voices are asked for when text is first wanted. */
export function wireScript(part, store) {
  const text = find(part, "#script");
  const voice = find(part, "#voice");
  const limit = Number(text.dataset.limit);
  let isLoaded = false;

  async function load() {
    isLoaded = true;
    try {
      const { voices } = await call("GET", "voices");
      replace(voice, ...groups(voices));
      store.change({ voiceId: voice.value });
    } catch (fault) {
      isLoaded = false;
      say(find(part, "#first-fault"), `The voices could not be listed. ${fault.words ?? fault.message}`);
    }
  }

  function count() {
    const length = [...text.value].length;
    const seconds = Math.max(1, Math.round(length / CHARS_A_S));
    const about = length ? ` · about ${seconds} s of speech` : "";
    find(part, "#script-count").textContent = `${length.toLocaleString("en")} of ${limit.toLocaleString("en")} characters${about}`;
    text.toggleAttribute("aria-invalid", false);
    if (length > limit) text.setAttribute("aria-invalid", "true");
    say(find(part, "#first-fault"), length > limit ? `The text is ${(length - limit).toLocaleString("en")} characters too long. Shorten it.` : "");
  }

  text.addEventListener("input", () => {
    count();
    store.change({ script: text.value });
  });
  voice.addEventListener("change", () => store.change({ voiceId: voice.value }));
  store.watch((state) => {
    if (state.first.mode === "text" && !isLoaded) load();
  });
  find(part, "#script-count").textContent = `0 of ${limit.toLocaleString("en")} characters`;
}

function groups(voices) {
  const languages = new Intl.DisplayNames(["en"], { type: "language" });
  const byLanguage = group(voices);
  return [...byLanguage].map(([language, some]) => el("optgroup", { label: languages.of(language) },
    ...some.map((voice) => el("option", { value: voice.voice_id }, `${voice.name}, ${voice.gender}`))));
}

function group(voices) {
  const found = new Map();
  for (const voice of voices) found.set(voice.language, [...(found.get(voice.language) ?? []), voice]);
  return found;
}
