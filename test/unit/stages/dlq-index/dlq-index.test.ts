import { describe, expect, it } from 'vitest';
import { sampleOf } from '../../../../ops/schemas/samples.ts';
import { TransientError } from '../../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../../pipeline/kernel/logger.ts';
import { createDlqIndex } from '../../../../pipeline/stages/dlq-index/dlq-index.ts';
import { createDlqExpiry } from '../../../../pipeline/stages/dlq-index/expiry.ts';
import type { DeadLetterEntry } from '../../../../pipeline/stores/dead-letter.ts';
import { type DeadLetter, deadLetterSchema } from '../../../../schemas/generated/dead-letter.v1.ts';
import { deadLetterTopics } from '../../../../schemas/topics.ts';
import { eventually } from '../../../support/eventually.ts';
import { hastyClock } from '../../../support/runner-harness.ts';

describe('dlq-index', () => {
  it('reads every dead-letter topic of the catalogue', () => {
    const stage = createDlqIndex({ index: { put: async () => undefined }, topics: deadLetterTopics });
    expect(stage.consumes).toEqual(deadLetterTopics);
  });

  it('indexes each letter under the key of its first delivery', async () => {
    const put: DeadLetterEntry[] = [];
    const stage = createDlqIndex({
      index: { put: async (entries) => void put.push(...entries) },
      topics: deadLetterTopics,
    });
    const letter = { ...(sampleOf(deadLetterSchema.json, 'most') as DeadLetter), offset: '9007199254740993' };
    const at = { topic: 'a.b.v1.stage.dlq', partition: 1, key: null, timestampMs: 0 };
    const outcomes = await stage.handle([
      { ...at, offset: 0n, value: letter },
      { ...at, offset: 1n, value: null },
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'dead-letter']);
    const { timestamp, ...kept } = letter;
    expect(put).toEqual([{ ...kept, offset: 9_007_199_254_740_993n, recordedAt: timestamp }]);
  });
});

describe('the expiry of the index', () => {
  it('forgets what failed 30 days ago, also when the store was away first', async () => {
    const before: number[] = [];
    let outages = 2;
    const index = {
      expire: async (at: number) => {
        outages -= 1;
        if (outages >= 0) throw new TransientError('postgres_unavailable', 'away');
        before.push(at);
        return 3;
      },
    };
    const clock = { ...hastyClock, now: () => 40 * 86_400_000 };
    const failures: unknown[] = [];
    const expiry = createDlqExpiry({ index, clock, random: () => 0.5, log: createLogger('fatal') });
    const running = await expiry.start((error) => failures.push(error));
    await eventually(() => expect(before).toEqual([10 * 86_400_000]));
    await running.stop();
    expect(failures).toEqual([]);
  });
});
