import type { Problem } from './problem.ts';

/**
 * Whether the outbox has room, for every door that writes to it. One in a process, shared by its doors: made in
 * `pipeline/main.ts`, handed to the stages. HTTP answers the refusal; a door that reads a topic throws it as
 * TransientError before it appends, so that its runner pauses the partition and asks again.
 */
export interface Admission {
  /**
   * Why nothing may be appended now: status 503, code `outbox_full`, `outbox_stale`, `outbox_too_large` or
   * `database_too_large`, the limit and when to ask again. Undefined while there is room. Never waits and costs nothing: ask before each request or
   * batch. Once refused, it stays refused until what was over its limit has come down by a tenth.
   */
  refusal(): Problem | undefined;
}
