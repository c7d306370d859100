import { expect, it } from 'vitest';
import { outboxDeadLetters } from '../../../../pipeline/kernel/runner/dead-letter-sinks.ts';
import type { SetAside } from '../../../../pipeline/kernel/runner/ports.ts';

const letter: SetAside = {
  stateVersion: 1,
  stage: 'stage',
  topic: 'in',
  consumedFrom: 'in',
  partition: 0,
  record: { offset: 7n, key: null, value: null, timestampMs: Number.MAX_SAFE_INTEGER, headers: {} },
  offset: 7n,
  reason: 'unhandled',
  message: 'invalid byte sequence',
  attempt: 2,
  firstFailedAt: 1_000,
  lastFailedAt: 2_000,
  redriveCount: 0,
  writerSchemaId: 1,
  eventId: 'e\u0000vil',
};

it('stores a dead letter whose event id or timestamp Postgres would refuse', async () => {
  const rows: { readonly eventId: string; readonly occurredAt: number }[] = [];
  const sink = outboxDeadLetters<null>(
    async (_, given) => void rows.push(...given),
    () => ({ topic: 'in.stage.dlq', key: Buffer.alloc(0), value: Buffer.alloc(1) }),
  );
  await sink.append(null, [letter, { ...letter, eventId: null }]);
  expect(rows.map(({ eventId, occurredAt }) => [eventId, occurredAt])).toEqual([
    ['e\ufffdvil', 2_000],
    ['in/0/7', 2_000],
  ]);
});
