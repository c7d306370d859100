/** The state version this process answers from; a cell shared by requests and feeds. */
export interface ActiveVersion {
  readonly current: number;
  /** Takes over what `f:active` says; true when that is news. Undefined (nobody has said) changes nothing. */
  observe(version: number | undefined): boolean;
}

export function createActiveVersion(initial: number): ActiveVersion {
  let current = initial;
  return {
    get current() {
      return current;
    },
    observe(version) {
      if (version === undefined || version === current) return false;
      current = version;
      return true;
    },
  };
}
