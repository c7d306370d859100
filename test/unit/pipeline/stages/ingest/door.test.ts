import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../../../pipeline/kernel/metrics.ts';
import type { Problem } from '../../../../../pipeline/kernel/problem.ts';
import { Door, type DoorOptions } from '../../../../../pipeline/stages/ingest/door.ts';

const mebibyte = 1_048_576;

function create(over: Partial<DoorOptions> = {}) {
  const metrics = createMetrics();
  const door = new Door({
    admission: { refusal: () => undefined },
    commits: { refusal: () => undefined },
    heldBytes: 2 * mebibyte,
    metrics,
    ...over,
  });
  const admit = (length?: string) => {
    const guest = door.admit(length);
    return 'problem' in guest ? guest.problem.code : guest;
  };
  const held = async () => (await metrics.ingestHeldBytes.get()).values[0]?.value;
  return { admit, held };
}

const full: Problem = { status: 503, code: 'outbox_full', detail: 'full', limit: 1, retryAfterSeconds: 7 };

describe('the door', () => {
  it('holds no more bytes of bodies than its limit, and has room again when a request is answered', async () => {
    const { admit, held } = create();
    const first = admit(String(mebibyte));
    admit(String(mebibyte));
    expect(await held()).toBe(2 * mebibyte);
    expect(admit('10')).toBe('overloaded');
    (first as { leave(): void }).leave();
    expect(admit('10')).not.toBe('overloaded');
    expect(await held()).toBe(mebibyte + 16_384);
  });

  it('takes a body without a length for the largest there may be', () => {
    const { admit } = create();
    expect([typeof admit(undefined), typeof admit(undefined), admit('10')]).toEqual(['object', 'object', 'overloaded']);
  });

  it.each(['-5', 'much', '1e99'])('is not fooled by a length of %s', async (length) => {
    const { admit, held } = create();
    admit(length);
    expect(await held()).toBeGreaterThanOrEqual(16_384);
    expect(await held()).toBeLessThanOrEqual(mebibyte);
  });

  it('lets small requests in by number, since each has a least cost', () => {
    const { admit } = create();
    const answers = Array.from({ length: 129 }, () => admit('100'));
    expect(answers.filter((answer) => answer === 'overloaded')).toHaveLength(1);
  });

  it('says what concerns everybody first: the outbox, then what waits', () => {
    const busy = { refusal: () => 'unavailable' as const };
    expect(create({ admission: { refusal: () => full }, commits: busy }).admit('1')).toBe('outbox_full');
    expect(create({ commits: busy }).admit('1')).toBe('unavailable');
  });
});
