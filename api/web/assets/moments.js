// Times and lengths in the reader's words; the exact UTC is always at hand.

import { el } from "./dom.js";

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/**
 * Shows a time as short as it can be understood today.
 * @param {string} iso a time in UTC
 * @param {{exact?: boolean}} [options] `exact`: with date and seconds whatever the day
 */
export function moment(iso, { exact = false } = {}) {
  const time = new Date(iso);
  const format = exact ? EXACT : formatFor(time, new Date());
  return el("time", { datetime: iso, title: `${iso.replace("T", " ").replace("Z", "")} UTC` }, format.format(time));
}

function formatFor(time, now) {
  if (time.toDateString() === now.toDateString()) return CLOCK;
  return time.getFullYear() === now.getFullYear() ? DAY : YEAR;
}

/** Words for a number of seconds: "8 s", "3 min 20 s", "2 h 5 min", "3 days". */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(Math.floor(whole / 60), "min", whole < 600 ? whole % 60 : 0, "s");
  if (whole < 48 * 3600) return pair(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  return `${Math.round(whole / 86400)} days`;
}

function pair(large, largeUnit, small, smallUnit) {
  return small ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`;
}

/** A number with the reader's separators. */
export function count(number) {
  return new Intl.NumberFormat().format(number);
}

/** "1 job", "3 jobs". */
export function several(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}
