// A test event: what does the receiver say?

import { call } from "../api.js";
import { find, say } from "../dom.js";

/** Makes the form send one. */
export function prepareProbe(root) {
  const form = find(root, "#probe");
  const field = form.elements.url;
  form.onsubmit = async (event) => {
    event.preventDefault();
    complain(root, field, "");
    const url = field.value.trim();
    if (!url) return complain(root, field, "Type the address of your receiver first.");
    const button = find(form, "button");
    button.disabled = true;
    say(find(root, "#probe-result"), "Waiting for the receiver's answer…");
    try {
      tell(find(root, "#probe-result"), await call("POST", "webhooks/test", { body: { url } }));
    } catch (fault) {
      tell(find(root, "#probe-result"), null);
      complain(root, field, fault.words || fault.message);
    } finally {
      button.disabled = false;
    }
  };
}

function tell(result, answer) {
  result.classList.toggle("good", Boolean(answer?.delivered));
  result.classList.toggle("error", Boolean(answer) && !answer.delivered);
  if (!answer) return say(result, "");
  const said = answer.answer ? `: ${answer.answer}` : "";
  if (answer.http_status === null) return say(result, `No answer${said}. Check that the receiver runs and can be reached from the service.`);
  const words = `${answer.http_status} in ${answer.latency_ms} ms${said}`;
  say(result, answer.delivered ? `Delivered. The receiver answered ${words}` : `Not taken. The receiver answered ${words}. Any 2xx is taken for a receipt.`);
}

function complain(root, field, text) {
  find(root, "#probe-fault").textContent = text;
  field.toggleAttribute("aria-invalid", false);
  if (!text) return;
  field.setAttribute("aria-invalid", "true");
  field.focus();
}
