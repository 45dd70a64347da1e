// Questions that come before what cannot be undone, and forms that are a matter of a moment.

import { el } from "./dom.js";

let made = 0;

/**
 * Asks whether to go on. The answer that changes nothing has the focus.
 * @param {{title: string, text: string, action: string, keep?: string}} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, action, keep = "Keep it" }) {
  return new Promise((resolve) => {
    const dialog = open(title, [
      el("p", {}, text),
      el("div", { class: "row end" },
        el("button", { type: "button", autofocus: true, onclick: () => dialog.close("") }, keep),
        el("button", { type: "button", class: "danger", onclick: () => dialog.close("yes") }, action)),
    ]);
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
  });
}

/**
 * Shows a form in a dialog, and closes it once `send` has gone well; what goes wrong is shown in it.
 * @param {{title: string, fields: Node[], action: string, send: (form: HTMLFormElement) => Promise<void>}} form
 */
export function fillIn({ title, fields, action, send }) {
  const alert = el("p", { class: "fault", role: "alert" });
  const submit = el("button", { type: "submit", class: "primary" }, action);
  const form = el("form", { class: "stack", novalidate: true }, ...fields, alert,
    el("div", { class: "row end" }, el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), submit));
  const dialog = open(title, [form]);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      await send(form);
      dialog.close();
    } catch (fault) {
      complain(form, alert, fault);
    } finally {
      submit.disabled = false;
    }
  });
}

/** Says what is wrong beside the field that the service names, else where the form speaks. */
export function complain(form, alert, fault) {
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const field = fault.field && form.elements.namedItem(fault.field.split(".")[0]);
  const first = field instanceof RadioNodeList ? field[0] : field;
  first?.setAttribute("aria-invalid", "true");
  first?.focus();
  alert.textContent = fault.words || fault.message;
}

function open(title, content) {
  made += 1;
  const dialog = el("dialog", { "aria-labelledby": `dialog-${made}` }, el("h2", { id: `dialog-${made}` }, title), ...content);
  document.body.append(dialog);
  dialog.addEventListener("close", () => setTimeout(() => dialog.remove()));
  // Leaving the screen leaves its question.
  addEventListener("hashchange", () => dialog.close(), { once: true });
  dialog.showModal();
  return dialog;
}
