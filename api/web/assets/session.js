// The API key: typed once, kept in this browser alone, sent in a header. No cookie, so no request but this page's has it.

const NAME = "mouthpiece-key";
const listeners = new Set();

/** The key, or "". */
export function key() {
  return sessionStorage.getItem(NAME) || localStorage.getItem(NAME) || "";
}

/** Keeps a key, for this tab or for this device. */
export function signIn(text, { keep }) {
  forget();
  (keep ? localStorage : sessionStorage).setItem(NAME, text);
  tell("");
}

/** Forgets the key; `reason` is shown where one signs in. */
export function signOut(reason = "") {
  forget();
  tell(reason);
}

/** Calls back with a reason, possibly "", whenever somebody signs in or out. */
export function onChange(listener) {
  listeners.add(listener);
}

function forget() {
  sessionStorage.removeItem(NAME);
  localStorage.removeItem(NAME);
}

function tell(reason) {
  for (const listener of listeners) listener(reason);
}

// Another tab signed out or in: this one follows.
addEventListener("storage", (event) => event.key === NAME && tell(""));
