import { messageOf } from './errors.ts';
import type { Logger } from './logger.ts';

/** What a started component gives back: the one way to end it. Whoever starts it stops it. */
export interface Running {
  /** Finishes what is in flight, then releases everything; idempotent. */
  stop(): Promise<void>;
  /** Undefined while healthy, else what is wrong, in words; read by `/readyz` and `/healthz`. */
  unready?(): string | undefined;
}

/** Something long running: a stage's runner, the relay, an HTTP server, a poller. */
export interface Component {
  readonly name: string;
  /** `fail` reports that it cannot go on; the process then shuts down with an error. */
  start(fail: (error: unknown) => void): Promise<Running>;
}

/**
 * Starts components in order; a failing start stops those already started. Stops in reverse order, all of them:
 * one that cannot stop holds up no other, and its error is thrown in the end.
 */
export async function startAll(
  components: readonly Component[],
  log: Logger,
  fail: (component: string, error: unknown) => void,
): Promise<Running> {
  const started: { name: string; running: Running }[] = [];
  const stop = async () => {
    const errors: unknown[] = [];
    for (const { name, running } of started.splice(0).reverse()) {
      log.debug({ component: name }, 'stopping');
      await running.stop().catch((error: unknown) => {
        log.error({ component: name, error: messageOf(error) }, 'could not stop');
        errors.push(error);
      });
    }
    if (errors.length > 0) throw errors[0];
  };
  try {
    for (const component of components) {
      const running = await component.start((error) => fail(component.name, error));
      started.push({ name: component.name, running });
      log.info({ component: component.name }, 'started');
    }
  } catch (error) {
    await stop().catch(() => undefined); // logged; what kept the process from starting says more
    throw error;
  }
  return {
    stop,
    unready: () => {
      const reasons = started.flatMap(({ name, running }) => {
        const reason = running.unready?.();
        return reason === undefined ? [] : [`${name}: ${reason}`];
      });
      return reasons.length > 0 ? reasons.join('; ') : undefined;
    },
  };
}
