// Asks for the key and tries it before anything else is shown.

import { call } from "./api.js";
import { find } from "./dom.js";
import { signIn } from "./session.js";

const form = find(document, "#sign-in-form");
const field = find(form, "#sign-in-key");
const fault = find(form, "#sign-in-error");

/** Puts the cursor where the key goes and says why it is asked for. */
export function showSignIn(reason) {
  complain(reason);
  field.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = field.value.trim();
  const button = find(form, "button");
  if (!text) return complain("Type the key first.", true);
  if (!/^[\x21-\x7e]+$/.test(text)) return complain("This is not a key: keys have no spaces or special letters.", true);
  button.disabled = true;
  const problem = await refusalOf(text);
  button.disabled = false;
  if (problem) return complain(problem, true);
  field.value = "";
  complain("");
  signIn(text, { keep: find(form, "#sign-in-keep").checked });
});

/** Says why a key does not work; "" when it does. A key that may not read works too, for what it may do. */
async function refusalOf(text) {
  try {
    await call("GET", "usage", { withKey: text });
  } catch (refused) {
    if (refused.status === 401) return "This key does not work: it is unknown or was revoked. Check that it was copied whole.";
    if (refused.status !== 403) return refused.words;
  }
  return "";
}

function complain(text, isFault = false) {
  fault.textContent = text;
  field.toggleAttribute("aria-invalid", false);
  if (isFault) {
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }
}
