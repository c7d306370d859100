import { bodyLimit } from '../../domain/intake/request-limits.ts';
import type { Admission } from '../../kernel/admission.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { Problem } from '../../kernel/problem.ts';
import type { GroupCommit } from './group-commit.ts';
import { submitProblem } from './problems.ts';

export interface DoorOptions {
  readonly admission: Admission;
  readonly commits: Pick<GroupCommit, 'refusal'>;
  /** Bytes of bodies that may be held, from the first byte read to the answer. */
  readonly heldBytes: number;
  readonly metrics: Pick<Metrics, 'ingestHeldBytes'>;
}

/** A request that was let in; `leave` exactly once, when it is answered. */
export interface Guest {
  leave(): void;
}

/** What a request is taken for at least: a small one costs its objects, promises and socket buffers. */
const leastBytes = 16_384;

/**
 * Lets requests in while there is room for them. Asked before the body is read, so that a refusal costs next to
 * nothing: the outbox first, since it concerns everybody, then what waits, then the memory of bodies.
 */
export class Door {
  readonly #options: DoorOptions;
  #held = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** `contentLength` as the request's header has it, if at all: without one the body may have any allowed size. */
  admit(contentLength: string | undefined): Guest | { readonly problem: Problem } {
    const { admission, commits, heldBytes } = this.#options;
    const full = admission.refusal();
    if (full) return { problem: full };
    const waiting = commits.refusal(1);
    if (waiting) return { problem: submitProblem(waiting) };
    const announced = contentLength === undefined ? bodyLimit : Number(contentLength);
    const bytes = Math.max(leastBytes, Number.isFinite(announced) ? Math.min(announced, bodyLimit) : bodyLimit);
    if (this.#held > 0 && this.#held + bytes > heldBytes) return { problem: submitProblem('overloaded') };
    this.#hold(bytes);
    return { leave: () => this.#hold(-bytes) };
  }

  #hold(change: number): void {
    this.#held += change;
    this.#options.metrics.ingestHeldBytes.set(this.#held);
  }
}
