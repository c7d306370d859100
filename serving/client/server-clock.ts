/** The server's clock as its answers tell it, so that a device whose own is ahead is not refused. */
export class ServerClock {
  readonly #device: () => number;
  /** How far the device's clock is ahead, milliseconds; undefined where no answer has told. */
  #aheadMs: number | undefined;
  #isTrusted = true;

  constructor(device: () => number) {
    this.#device = device;
  }

  /** `Date` of an answer that no cache gave; null where it had none, or a browser hides it. */
  note(date: string | null): void {
    const at = Date.parse(date ?? '');
    if (Number.isFinite(at)) this.#aheadMs = this.#device() - at;
  }

  /** The server's time, milliseconds since the epoch, when the device's clock showed `at`; undefined where it is not known. */
  at(at: number): number | undefined {
    return this.#aheadMs === undefined ? undefined : Math.min(at, this.#device()) - this.#aheadMs;
  }

  /** The server took the device's time for a time to come: from now on its own is told instead. */
  distrust(): void {
    this.#isTrusted = false;
  }

  /** What to tell the server when the device's clock shows `at`. */
  told(at: number): number {
    return this.#isTrusted ? at : (this.at(at) ?? at);
  }
}
