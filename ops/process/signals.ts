/**
 * Resolves with the signal's name at the first SIGINT or SIGTERM. The second one ends the process at once:
 * whoever sends it does not want to wait.
 */
export function firstSignal(): { readonly received: Promise<NodeJS.Signals>; readonly aborted: AbortSignal } {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143);
      controller.abort();
      resolve(name);
    });
  }
  return { received: promise, aborted: controller.signal };
}
