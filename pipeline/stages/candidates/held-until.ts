import type { Component, Running } from '../../kernel/component.ts';

/**
 * A component that is started only once `ready` resolves, without holding up those that start after it: the
 * profile group is joined when the session index is whole, so no list is made from half of it.
 */
export function heldUntil(ready: () => Promise<void>, component: Component): Component {
  return {
    name: component.name,
    start: async (fail) => {
      let isStopping = false;
      let starting: Promise<Running | undefined> | undefined;
      let running: Running | undefined;
      void ready().then(() => {
        if (isStopping) return;
        starting = component.start(fail).catch((error: unknown) => {
          fail(error);
          return undefined;
        });
        void starting.then((started) => {
          running = started;
        });
      });
      return {
        unready: () => (running ? running.unready?.() : 'waits for the session index'),
        stop: async () => {
          isStopping = true;
          await (await starting)?.stop();
        },
      };
    },
  };
}
