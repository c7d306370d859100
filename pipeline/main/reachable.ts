import type { Component, Running } from '../kernel/component.ts';
import { messageOf } from '../kernel/errors.ts';
import { untilAvailable } from '../kernel/retry.ts';
import type { ProcessContext } from './resources.ts';

/**
 * A component that needs servers to be made. It starts at once and says that it is waiting; what it becomes is
 * made and started in the background, again and again while a server is away.
 */
export function whenReachable(name: string, context: ProcessContext, make: () => Promise<Component>): Component {
  return {
    name,
    async start(fail) {
      const stopping = new AbortController();
      let running: Running | undefined;
      let lastError: string | undefined;
      const starting = untilAvailable(
        `starting ${name}`,
        { ...context, signal: stopping.signal, maxMs: 2_000 },
        async () => {
          const component = await make().catch((error: unknown) => {
            lastError = messageOf(error);
            throw error;
          });
          if (!stopping.signal.aborted) running = await component.start(fail);
        },
      ).catch((error: unknown) => {
        if (!stopping.signal.aborted) fail(error);
      });
      return {
        async stop() {
          stopping.abort();
          await starting;
          await running?.stop();
        },
        unready: () =>
          running === undefined
            ? ['waiting for its servers', lastError].filter(Boolean).join(': ')
            : running.unready?.(),
      };
    },
  };
}
