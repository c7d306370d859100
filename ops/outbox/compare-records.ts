import { createHash } from 'node:crypto';
import type { RawRecord } from '../../pipeline/broker/consumer.ts';
import type { OutboxEntry } from './verify-rows.ts';

/** As the outbox's rows have it: key and payload to the byte, and with them the event id that the payload carries. */
export function digestOf({ key, value }: Pick<RawRecord, 'key' | 'value'>): string {
  const keyBytes = key ?? Buffer.alloc(0);
  const length = Buffer.alloc(4);
  length.writeInt32BE(keyBytes.length);
  const hash = createHash('sha256').update(length).update(keyBytes);
  if (value === null) hash.update(Buffer.of(0));
  else hash.update(Buffer.of(1)).update(value);
  return hash.digest().subarray(0, 16).toString('latin1');
}

export interface TopicComparison {
  readonly cleanup: 'delete' | 'compact';
  /** Event ids (compacted: keys) that must be there. */
  readonly expected: number;
  readonly missing: readonly string[];
  /** Records beyond the first of an event id: allowed, consumers know them by it. */
  readonly duplicates: number;
  /** Records that no row of the range explains. */
  readonly unknown: ReadonlyMap<string, number>;
  readonly records: number;
}

export interface Comparison {
  addRow(row: OutboxEntry): void;
  addRecord(record: RawRecord): void;
  finish(): TopicComparison;
}

interface Event {
  readonly id: string;
  due: boolean;
  found: number;
}

/** Every event id whose row was published must stand in the topic at least once, with that row's key and payload. */
export function compareByEvent(): Comparison {
  const events = new Map<string, Event>();
  const byDigest = new Map<string, Event[]>();
  const unknown = new Map<string, number>();
  let records = 0;
  return {
    addRow({ eventId, key, digest, state, due }) {
      const name = `${key.toString('latin1')}\0${eventId}`;
      const event = events.get(name) ?? { id: eventId, due: false, found: 0 };
      events.set(name, event);
      event.due ||= due && state === 'published';
      const text = digest.toString('latin1');
      const same = byDigest.get(text);
      if (!same) byDigest.set(text, [event]);
      else if (!same.includes(event)) same.push(event);
    },
    addRecord(record) {
      records += 1;
      const text = digestOf(record);
      const found = byDigest.get(text);
      if (!found) return void unknown.set(text, (unknown.get(text) ?? 0) + 1);
      // Events of equal bytes cannot be told apart: each gets one before any gets a second.
      const event = found.reduce((least, one) => (one.found < least.found ? one : least));
      event.found += 1;
    },
    finish() {
      const all = [...events.values()];
      const due = all.filter((event) => event.due);
      return {
        cleanup: 'delete',
        expected: due.length,
        missing: due.filter(({ found }) => found === 0).map(({ id }) => id),
        duplicates: all.reduce((sum, { found }) => sum + Math.max(0, found - 1), 0),
        unknown,
        records,
      };
    },
  };
}

interface Key {
  /** Newest row that must have arrived. */
  newest: OutboxEntry | undefined;
  /** Rows that may stand behind it: not passed by a cursor yet, or created after the range. */
  readonly others: OutboxEntry[];
  last: string | undefined;
}

/**
 * The last record of every key must be its newest published row, or one that comes after it. A tombstone may have been
 * compacted away. Keys that were written by transactions which no row lock put in order have no newest row; they may be
 * reported as missing.
 */
export function compareByKey(): Comparison {
  const keys = new Map<string, Key>();
  const known = new Set<string>();
  const unknown = new Map<string, number>();
  let records = 0;
  const digestText = (row: OutboxEntry) => row.digest.toString('latin1');
  const tombstones = new Set<string>();
  return {
    addRow(row) {
      const name = row.key.toString('latin1');
      const key: Key = keys.get(name) ?? { newest: undefined, others: [], last: undefined };
      keys.set(name, key);
      known.add(digestText(row));
      if (digestText(row) === digestOf({ key: row.key, value: null })) tombstones.add(digestText(row));
      if (row.state === 'parked' || row.state === 'discarded') return;
      if (row.due && row.state === 'published') {
        if (!key.newest || row.seq > key.newest.seq) key.newest = row;
      } else key.others.push(row);
    },
    addRecord(record) {
      records += 1;
      const text = digestOf(record);
      if (!known.has(text)) unknown.set(text, (unknown.get(text) ?? 0) + 1);
      const key = keys.get((record.key ?? Buffer.alloc(0)).toString('latin1'));
      if (key) key.last = text;
    },
    finish() {
      const due = [...keys].filter(([, { newest }]) => newest !== undefined);
      const missing = due.filter(([, key]) => !isThere(key, tombstones));
      return {
        cleanup: 'compact',
        expected: due.length,
        missing: missing.map(([name]) => Buffer.from(name, 'latin1').toString('utf8')),
        duplicates: 0,
        unknown,
        records,
      };
    },
  };
}

function isThere({ newest, others, last }: Key, tombstones: ReadonlySet<string>): boolean {
  const wanted = newest as OutboxEntry;
  const accepted = [wanted, ...others.filter(({ seq }) => seq > wanted.seq)].map(({ digest }) =>
    digest.toString('latin1'),
  );
  if (last === undefined) return accepted.some((digest) => tombstones.has(digest));
  return accepted.includes(last);
}
