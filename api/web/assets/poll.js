// Looks again and again while somebody can see it, and less often while the service asks for patience.

/** Pause after a look that failed, unless the service asks for a longer one. */
const FAULT_PAUSE_MS = 5000;
/** Nothing will be different soon: the key may not see this. */
const FORBIDDEN_PAUSE_MS = 60_000;

/**
 * Calls `look` now, and again after as many milliseconds as it returns; not while the page is hidden.
 * @param {(signal: AbortSignal) => Promise<number>} look
 * @param {(fault: ?Error, nextS: number) => void} tell called after each look: what went wrong, null when nothing did,
 *   and in how many seconds the next look is
 * @returns {{now: () => void, stop: () => void}}
 */
export function poll(look, tell) {
  const control = new AbortController();
  let timer = 0;
  let isLooking = false;
  let isAskedAgain = false;
  let notBefore = 0;

  async function turn() {
    clearTimeout(timer);
    if (control.signal.aborted || document.hidden) return;
    if (isLooking) {
      isAskedAgain = true;
      return;
    }
    const early = notBefore - Date.now();
    if (early > 0) {
      timer = setTimeout(turn, early);
      return;
    }
    isLooking = true;
    const pauseMs = await attempt();
    isLooking = false;
    if (control.signal.aborted) return;
    const next = isAskedAgain && !notBefore ? 0 : pauseMs;
    isAskedAgain = false;
    timer = setTimeout(turn, next);
  }

  async function attempt() {
    try {
      const pauseMs = await look(control.signal);
      notBefore = 0;
      tell(null, 0);
      return pauseMs;
    } catch (fault) {
      if (control.signal.aborted) return 0;
      const pauseMs = pauseAfter(fault);
      notBefore = fault.status === 429 ? Date.now() + pauseMs : 0;
      tell(fault, Math.round(pauseMs / 1000));
      return pauseMs;
    }
  }

  document.addEventListener("visibilitychange", turn, { signal: control.signal });
  turn();
  return {
    now: turn,
    stop() {
      control.abort();
      clearTimeout(timer);
    },
  };
}

function pauseAfter(fault) {
  if (fault.status === 403) return FORBIDDEN_PAUSE_MS;
  return Math.max((fault.retryAfterS || 0) * 1000, FAULT_PAUSE_MS);
}
