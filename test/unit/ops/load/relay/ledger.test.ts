import { beforeAll, expect, it } from 'vitest';
import { type BenchEvents, keyOf, makeEvents, userCount, userOf } from '../../../../../ops/load/relay/events.ts';
import { eventNumber, Ledger } from '../../../../../ops/load/relay/ledger.ts';

const expected = userCount + 3;
let events: BenchEvents;

beforeAll(async () => {
  events = await makeEvents(expected);
});

const recordOf = (i: number) => ({
  key: keyOf(userOf(i)),
  value: Buffer.from(events.payloads.subarray(i * events.payloadBytes, (i + 1) * events.payloadBytes)),
});

const ledger = (count = expected) => new Ledger({ ...events, expected: count });

function filled(numbers: Iterable<number>, count = expected): Ledger {
  const one = ledger(count);
  for (const i of numbers) one.take(recordOf(i));
  return one;
}

const all = Array.from({ length: expected }, (_, i) => i);

it('finds nothing wrong where every event came once and in order', () => {
  const comparison = filled(all).compare();
  expect(comparison).toEqual({ expected, records: expected, missing: 0, duplicates: 0, foreign: 0, misordered: 0 });
});

it('reads the number of an event from the id in its record', () => {
  expect(eventNumber(recordOf(expected - 1).value)).toBe(expected - 1);
  expect(eventNumber(Buffer.from('something else that is long enough to hold an id'))).toBe(-1);
});

it('counts events that did not come', () => {
  expect(filled(all.filter((i) => i !== 17 && i !== 18)).compare().missing).toBe(2);
});

it('counts what came again, and takes its place in the order from its first occurrence', () => {
  expect(filled([...all, 5, 5]).compare()).toMatchObject({ missing: 0, duplicates: 2, misordered: 0 });
});

it('counts an event that stands behind a later one of its key', () => {
  const swapped = [userCount, ...all.filter((i) => i !== userCount)]; // of the user of event 0
  expect(filled(swapped).compare()).toMatchObject({ missing: 0, misordered: 1 });
});

it('takes events of one key that were written over different connections for unordered', () => {
  const one = new Ledger({ ...events, expected, laneOf: (i) => (i < userCount ? 0 : 1), laneCount: 2 });
  for (const i of [userCount, ...all.filter((j) => j !== userCount)]) one.take(recordOf(i));
  expect(one.compare().misordered).toBe(0);
});

it('takes a record with one byte changed for none of the events', () => {
  const changed = recordOf(3);
  changed.value[changed.value.length - 1] = 0xff;
  const one = filled(all.filter((i) => i !== 3));
  expect(one.take(changed)).toBe(-1);
  expect(one.compare()).toMatchObject({ missing: 1, foreign: 1 });
});

it('takes a record under another key for none of the events', () => {
  const one = ledger();
  one.take({ ...recordOf(3), key: keyOf(userOf(4)) });
  expect(one.compare().foreign).toBe(1);
});

it('takes an event that was never written for foreign', () => {
  expect(filled([10], 10).compare()).toMatchObject({ foreign: 1, missing: 10 });
});
