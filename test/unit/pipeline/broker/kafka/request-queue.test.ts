import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { mendRequestQueues } from '../../../../../pipeline/broker/kafka/request-queue.ts';

interface Queue {
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  pending: unknown[];
  checkPendingRequests(): void;
  destroy(): void;
}

/** The driver's own queue, that nothing is in. */
function createQueue(): Queue {
  const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js');
  const logger = { namespace: () => ({ debug: () => undefined }) };
  return new RequestQueue({ logger, requestTimeout: 1_000, clientId: 'c', broker: 'b', isConnected: () => true });
}

it('a queue of the driver sets no timer while nothing waits in it, and one while something does', () => {
  mendRequestQueues();
  mendRequestQueues();
  const queue = createQueue();
  queue.checkPendingRequests();
  expect(queue.throttleCheckTimeoutId).toBeFalsy();
  queue.throttledUntil = Date.now() + 60_000;
  queue.pending.push({});
  queue.checkPendingRequests();
  expect(queue.throttleCheckTimeoutId).toBeTruthy();
  clearTimeout(queue.throttleCheckTimeoutId ?? undefined);
});
