/** Whether this process wants requests; shared by `/readyz`, the HTTP server and whoever starts components. */
export interface Readiness {
  /** Undefined while ready, else why not, in words. */
  reason(): string | undefined;
  /** Adds something that must be well; `check` answers like `reason`. */
  add(check: () => string | undefined): void;
  /** From here on not ready: the process is about to stop. */
  drain(): void;
}

export function createReadiness(): Readiness {
  const checks: (() => string | undefined)[] = [];
  let draining = false;
  return {
    reason() {
      if (draining) return 'stopping';
      const reasons = checks.map((check) => check()).filter((reason) => reason !== undefined);
      return reasons.length > 0 ? reasons.join('; ') : undefined;
    },
    add(check) {
      checks.push(check);
    },
    drain() {
      draining = true;
    },
  };
}
