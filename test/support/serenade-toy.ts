import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { SessionIndex, type SessionIndexSettings } from '../../pipeline/domain/session-index.ts';

/** Items of a session in time order, with repeats. */
export interface ClickSession {
  readonly key: string;
  readonly items: readonly string[];
  readonly lastAt: number;
}

const folder = join(import.meta.dirname, '../../ops/demo/data/serenade-toy');

/** One split of the click log shipped with the demo, sessions in order of their first row. */
export function readSplit(split: 'train' | 'valid' | 'test'): ClickSession[] {
  const rows = gunzipSync(readFileSync(join(folder, `${split}.tsv.gz`)))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  const sessions = new Map<string, { itemId: string; at: number }[]>();
  for (const row of rows.slice(1)) {
    const [key, itemId, seconds] = row.split('\t') as [string, string, string];
    const clicks = sessions.get(key) ?? [];
    sessions.set(key, clicks);
    clicks.push({ itemId, at: Number(seconds) * 1_000 });
  }
  return Array.from(sessions, ([key, clicks]) => {
    clicks.sort((a, b) => a.at - b.at);
    return { key, items: clicks.map(({ itemId }) => itemId), lastAt: clicks.at(-1)?.at ?? 0 };
  });
}

export function indexOf(sessions: readonly ClickSession[], settings: SessionIndexSettings): SessionIndex {
  const index = new SessionIndex(settings);
  for (const { key, items, lastAt } of sessions) {
    index.upsert(key, {
      lastOccurredAt: lastAt,
      items: items.map((itemId) => ({ itemId, type: 'click', occurredAt: lastAt })),
    });
  }
  return index;
}

/** For every prefix of every session: where the next click stands among 20 answers. */
export function measure(index: SessionIndex, sessions: readonly ClickSession[]) {
  let predictions = 0;
  let hits = 0;
  let reciprocalRanks = 0;
  for (const { items } of sessions) {
    for (let length = 1; length < items.length; length += 1) {
      const prefix = items.slice(0, length);
      const answers = index.query({ items: prefix, limit: 20, excludeItem: prefix.at(-1) });
      const rank = answers.findIndex(({ itemId }) => itemId === items[length]) + 1;
      predictions += 1;
      hits += rank > 0 ? 1 : 0;
      reciprocalRanks += rank > 0 ? 1 / rank : 0;
    }
  }
  return { predictions, hitRate: hits / predictions, mrr: reciprocalRanks / predictions };
}
