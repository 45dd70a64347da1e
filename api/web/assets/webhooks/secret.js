// The secret that signs the key's webhooks: exchanged, shown once.

import { call } from "../api.js";
import { confirmed } from "../dialogs.js";
import { el, find, replace, say } from "../dom.js";
import { moment } from "../moments.js";
import { copyable } from "../secrets.js";

/** Makes the form exchange it. */
export function prepareSecret(root) {
  const form = find(root, "#secret");
  form.onsubmit = async (event) => {
    event.preventDefault();
    const overlap = Number(form.elements.overlap.value);
    const isSure = await confirmed({
      title: "Make a new secret?",
      text: overlap ? `Webhooks carry a signature by each for ${wordsOf(form)}, so that receivers can change over without losing any.`
        : "The old secret ends at once: receivers that still check with it refuse every webhook until they have the new one.",
      action: "Make new secret",
      keep: "Keep the old one",
    });
    if (isSure) await rotate(root, form, overlap);
  };
}

/** Says how long old secrets sign beside the newest. */
export function showOldSecrets(root, old) {
  const box = find(root, "#secret-old");
  box.hidden = !old.length;
  replace(box, ...(old.length ? ["An old secret still signs beside the newest until ", moment(old.at(-1).ends_at), "."] : []));
}

async function rotate(root, form, overlap) {
  const button = find(form, "button");
  const fault = find(root, "#secret-fault");
  button.disabled = true;
  say(fault, "");
  try {
    const made = await call("POST", "webhooks/secret", { body: { overlap_s: overlap } });
    replace(find(root, "#secret-shown"), el("div", { class: "notice good stack", tabindex: "-1" },
      el("p", {}, "Copy it now: it is shown this once."), copyable("Webhook secret", made.webhook_secret)));
    showOldSecrets(root, made.old_secrets);
    find(root, "#secret-shown > div").focus();
  } catch (refused) {
    say(fault, refused.words || refused.message);
  } finally {
    button.disabled = false;
  }
}

function wordsOf(form) {
  return form.elements.overlap.selectedOptions[0].textContent.trim();
}
