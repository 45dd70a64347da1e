// Why a job failed, for people: the API names fields as programs send them.

const INPUTS = {
  image: "The picture", video: "The video", audio: "The speech", left_audio: "The left person's speech",
  right_audio: "The right person's speech", script: "The text",
};

/** A failed job's error with its input in plain words; what names no input stays as it is. */
export function causeOf(error) {
  const [, field, cause] = /^(?:formState\.(\w+): )?(.*)$/s.exec(error ?? "");
  if (field && !INPUTS[field]) return error;
  return sentence([INPUTS[field], cause].filter(Boolean).join(": "));
}

function sentence(text) {
  return text ? text[0].toUpperCase() + text.slice(1).replace(/\.?$/, ".") : "";
}
