import type { BrokerAdmin } from '../../pipeline/broker/admin.ts';

/** The instant is found to within this, milliseconds. */
const precisionMs = 1_000;

/**
 * Since when a topic holds everything, milliseconds since the epoch: `wanted` where it reaches back that far, else the
 * earliest instant from which on retention has taken nothing away in any partition.
 */
export async function completeSinceOf(
  admin: Pick<BrokerAdmin, 'offsets' | 'offsetsAt'>,
  topic: string,
  { wanted, now }: { readonly wanted: number; readonly now: number },
): Promise<number> {
  const cut = new Map(
    (await admin.offsets(topic)).flatMap(({ partition, low }) => (low > 0n ? [[partition, low]] : [])),
  );
  if (cut.size === 0) return wanted;
  /** A record before the instant is still there in every partition that has lost any, so nothing after it is gone. */
  const isWhole = async (instant: number) => {
    const offsets = await admin.offsetsAt(topic, instant);
    return offsets.every(({ partition, offset }) => offset > (cut.get(partition) ?? -1n));
  };
  if (await isWhole(wanted)) return wanted;
  let missing = wanted;
  let whole = now;
  while (whole - missing > precisionMs) {
    const middle = Math.floor((missing + whole) / 2);
    if (await isWhole(middle)) whole = middle;
    else missing = middle;
  }
  return whole;
}
