// Which part of a list is shown: one of a few, remembered in the address.

import { el, replace } from "./dom.js";

/**
 * Fills a fieldset with the choices and calls back with the new one; arrow keys move between them.
 * @param {HTMLElement} box
 * @param {{name: string, choices: Array<[string, string]>, onChoice: (value: string) => void}} options `choices`: value
 *   and words; "" is all
 * @returns {string} what the address chooses
 */
export function filter(box, { name, choices, onChoice }) {
  const wanted = new URLSearchParams(location.hash.split("?")[1] || "").get(name) || "";
  const chosen = choices.some(([value]) => value === wanted) ? wanted : "";
  replace(box, choices.map(([value, words]) => el("label", { class: "choice" },
    el("input", { type: "radio", name, value, checked: value === chosen, onchange: () => choose(name, value, onChoice) }),
    el("span", {}, words))));
  return chosen;
}

function choose(name, value, onChoice) {
  const screen = location.hash.split("?")[0];
  history.replaceState(null, "", value ? `${screen}?${name}=${value}` : screen);
  onChoice(value);
}
