/** Stops a timer. */
export type Cancel = () => void;

/** All that the client takes from where it runs; a test hands in its own. */
export interface Environment {
  readonly fetch: typeof globalThis.fetch;
  /** Wall clock, milliseconds since the epoch. */
  readonly now: () => number;
  readonly setTimer: (work: () => void, ms: number) => Cancel;
  /** From 0 (included) to 1. */
  readonly random: () => number;
  /** A new id; used for events and sessions. */
  readonly makeId: () => string;
  /** Calls `work` when the page is about to go, perhaps for good; answers how to stop that. Does nothing outside browsers. */
  readonly onHide: (work: () => void) => Cancel;
  /** Takes what a callback threw. It is not the client's to handle, and must not stop it. */
  readonly report: (fault: unknown) => void;
}

/** The parts of a browser's window that are used; none of them is there in Node. */
interface Page {
  readonly addEventListener?: (name: string, work: () => void) => void;
  readonly removeEventListener?: (name: string, work: () => void) => void;
  readonly document?: {
    readonly visibilityState: string;
    readonly addEventListener: (name: string, work: () => void) => void;
    readonly removeEventListener: (name: string, work: () => void) => void;
  };
}

const page = globalThis as Page;

/** `crypto.randomUUID` is missing where a page was not loaded over https. */
function makeId(): string {
  const { crypto } = globalThis;
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A phone may end a page without `pagehide`: being hidden is the last that is sure to be told. */
function onHide(work: () => void): Cancel {
  const { document } = page;
  if (document === undefined || page.addEventListener === undefined) return () => {};
  const whenHidden = () => {
    if (document.visibilityState === 'hidden') work();
  };
  page.addEventListener('pagehide', work);
  document.addEventListener('visibilitychange', whenHidden);
  return () => {
    page.removeEventListener?.('pagehide', work);
    document.removeEventListener('visibilitychange', whenHidden);
  };
}

/** What the client runs on unless told otherwise. */
export const platform: Environment = {
  fetch: (input, init) => globalThis.fetch(input, init),
  // biome-ignore lint/nursery/noJsRestrictedProperties: the client's own clock, which tests replace
  now: () => Date.now(),
  setTimer(work, ms) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  // biome-ignore lint/nursery/noJsRestrictedProperties: spreads retries, which tests replace
  random: () => Math.random(),
  makeId,
  onHide,
  /** As an error that nobody caught: pages and processes have handlers for those. */
  report(fault) {
    queueMicrotask(() => {
      throw fault;
    });
  },
};
