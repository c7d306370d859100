import { itemKey } from '../../domain/keys.ts';
import { partitionOf } from '../../domain/murmur2.ts';
import { packList, sourceBit } from '../../domain/packed-list.ts';
import type { IndexAnswer } from '../../domain/session-index.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Component } from '../../kernel/component.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { CandidateWriter, ItemLists } from '../../stores/candidate.ts';
import type { ItemNumbers } from '../../stores/item-number.ts';
import type { SessionIndexes, SessionListener } from './session-indexes.ts';
import { createTicker } from './ticker.ts';

export interface SimilarListsOptions {
  readonly version: number;
  readonly indexes: SessionIndexes;
  readonly itemNumbers: ItemNumbers;
  readonly writer: Pick<CandidateWriter, 'saveSimilar'>;
  /** Of the profile topic. */
  readonly partitionCount: number;
  ownsPartition(partition: number): boolean;
  /** True once the index is whole. */
  isReady(): boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface SimilarLists extends SessionListener {
  readonly component: Component;
  /** Makes every list of these partitions again: the store has lost them. */
  remake(partitions: ReadonlySet<number>): void;
  /** One round; the component's tick. */
  refresh(): Promise<void>;
}

const everyMs = 1_000;
/** Items a round. */
const itemsAtOnce = 500;
/** Between parts other work goes on: 100 at once held up list requests for 500 ms beside a full replay. */
const partSize = 10;
/** Neighbours kept: 10 bytes each stay well below 1 KiB an item. */
const listLength = 50;
/** Sessions that give their items: all recent ones, for one item says little about a visitor. */
const neighbours = 500;
/** Ages change without a session, and items may become known later: every list is made anew this often. */
const remakeAllMs = 3_600_000;

/**
 * Item → neighbours from the session index, made by the holder of the item's partition when its sessions changed:
 * co-visitation weighted by age, length and rarity, as for users, with the item as the whole session.
 */
export function createSimilarLists(options: SimilarListsOptions): SimilarLists {
  const { version, indexes, partitionCount, ownsPartition, isReady, clock, log } = options;
  const waiting = new Map<string, Set<string>>();
  let held: ReadonlySet<number> = new Set();
  let remadeAt = clock.monotonic();

  const partitionOfItem = (namespace: string, itemId: string) =>
    partitionOf(itemKey(namespace, itemId), partitionCount);
  const note = (namespace: string, itemId: string) => {
    const items = waiting.get(namespace) ?? new Set<string>();
    waiting.set(namespace, items);
    items.add(itemId);
  };
  const remake = (partitions: ReadonlySet<number>) => {
    if (partitions.size === 0) return;
    for (const namespace of indexes.namespaces()) {
      for (const itemId of indexes.of(namespace)?.itemIds() ?? []) {
        if (partitions.has(partitionOfItem(namespace, itemId))) note(namespace, itemId);
      }
    }
  };
  const followPartitions = () => {
    const now = new Set(Array.from({ length: partitionCount }, (_, i) => i).filter(ownsPartition));
    remake(new Set([...now].filter((partition) => !held.has(partition))));
    held = now;
    if (clock.monotonic() - remadeAt < remakeAllMs) return;
    remadeAt = clock.monotonic();
    remake(now);
  };
  /** Takes the next items of one namespace; those of other processes fall away. */
  const take = (namespace: string, limit: number): string[] => {
    const taken: string[] = [];
    const items = waiting.get(namespace) ?? new Set<string>();
    for (const itemId of items) {
      if (taken.length >= limit) break;
      items.delete(itemId);
      if (held.has(partitionOfItem(namespace, itemId))) taken.push(itemId);
    }
    return taken;
  };
  const refresh = async () => {
    if (!isReady()) return;
    followPartitions();
    let left = itemsAtOnce;
    for (const namespace of waiting.keys()) {
      for (let part = take(namespace, Math.min(left, partSize)); part.length > 0; ) {
        left -= part.length;
        await write(options, namespace, part).catch((error: unknown) => {
          for (const itemId of part) note(namespace, itemId);
          throw error;
        });
        part = take(namespace, Math.min(left, partSize));
      }
    }
  };
  return {
    refresh,
    remake,
    component: createTicker({ name: `candidates.v${version}.similar`, everyMs, clock, log, tick: refresh }),
    onItemChanged: note,
    onSession: () => undefined,
  };
}

async function write(options: SimilarListsOptions, namespace: string, itemIds: readonly string[]): Promise<void> {
  const { version, indexes, itemNumbers, writer, clock, metrics } = options;
  const found = itemIds.map((itemId) => ({
    itemId,
    answers:
      indexes.of(namespace)?.query({ items: [itemId], neighbours, limit: 2 * listLength, excludeItem: itemId }) ?? [],
  }));
  const ids = found.flatMap(({ itemId, answers }) => [itemId, ...answers.map((answer) => answer.itemId)]);
  const numbers = await itemNumbers.resolve(namespace, ids);
  const computedAt = clock.now();
  const lists = found.flatMap(({ itemId, answers }): ItemLists[] => {
    const item = numbers.get(itemId);
    return item === undefined ? [] : [{ namespace, item, list: packedNeighbours(answers, numbers, computedAt) }];
  });
  await writer.saveSimilar(version, lists);
  metrics.candidatesLists.inc({ kind: 'similar' }, lists.length);
}

/** Null where there are no neighbours that the catalogue knows. */
function packedNeighbours(
  answers: readonly IndexAnswer[],
  numbers: ReadonlyMap<string, number>,
  computedAt: number,
): Buffer | null {
  const sources = sourceBit('similar');
  const candidates = answers.flatMap(({ itemId, score }) => {
    const item = numbers.get(itemId);
    return item === undefined ? [] : [{ item, score, sources, because: 0 }];
  });
  if (candidates.length === 0) return null;
  return packList({ computedAt, reflects: undefined, candidates: candidates.slice(0, listLength) });
}
