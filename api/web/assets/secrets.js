// What is shown once, and how it is taken along.

import { el } from "./dom.js";

/** How long a button says that it has copied. */
const TOLD_MS = 2500;

/**
 * A button that copies a text and says so.
 * @param {string} text
 * @param {string} what the text is, for those who hear the button
 * @param {string} [words] on the button
 */
export function copyButton(text, what, words = "Copy") {
  const button = el("button", { type: "button", class: words === "Copy" ? "small" : "", "aria-label": `Copy ${what}` }, words);
  const told = el("span", { class: "visually-hidden", role: "status" });
  button.addEventListener("click", async () => {
    const isCopied = await copy(text);
    button.textContent = isCopied ? "Copied" : "Select it and copy by hand";
    told.textContent = isCopied ? `Copied ${what}` : "The browser does not let this page copy";
    setTimeout(() => {
      button.textContent = words;
      told.textContent = "";
    }, TOLD_MS);
  });
  return el("span", { class: "row tight" }, button, told);
}

/** A text with its button, labelled. */
export function copyable(label, text) {
  return el("div", { class: "secret" },
    el("span", { class: "secret-label" }, label),
    el("code", { class: "secret-text", tabindex: "0", role: "group", "aria-label": label }, text),
    copyButton(text, label.toLowerCase()));
}

/** Browsers give the clipboard to pages by HTTPS or on this machine alone; elsewhere a selection is copied. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

function copySelected(text) {
  const area = el("textarea", { class: "visually-hidden", "aria-hidden": "true" });
  area.value = text;
  (document.querySelector("dialog[open]") || document.body).append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}
