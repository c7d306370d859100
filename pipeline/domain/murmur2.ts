const seed = 0x9747b28c;
const m = 0x5bd1e995;

/**
 * Kafka's 32-bit murmur2 over raw key bytes, as a signed integer.
 * Source: Austin Appleby's MurmurHash2 with the seed of Kafka's default partitioner.
 */
export function murmur2(data: Uint8Array): number {
  const length = data.length;
  let h = seed ^ length;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    let k =
      (data[i] as number) |
      ((data[i + 1] as number) << 8) |
      ((data[i + 2] as number) << 16) |
      ((data[i + 3] as number) << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    k = Math.imul(k, m);
    h = Math.imul(h, m) ^ k;
  }
  const rest = length - i;
  if (rest === 3) h ^= (data[i + 2] as number) << 16;
  if (rest >= 2) h ^= (data[i + 1] as number) << 8;
  if (rest >= 1) {
    h ^= data[i] as number;
    h = Math.imul(h, m);
  }
  h ^= h >>> 13;
  h = Math.imul(h, m);
  h ^= h >>> 15;
  return h | 0;
}

/** The partition that Kafka's own clients choose for a key. */
export function partitionOf(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}

/** Shards of every outbox; partition counts divide it or are multiples of it. */
export const shardCount = 16;

export function shardOf(key: Uint8Array): number {
  return partitionOf(key, shardCount);
}
