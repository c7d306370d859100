/** Item → its latest event of one kind, milliseconds since the epoch. */
export type ItemTimes = Map<string, number>;

/** Maxima commute, so the order of arrival does not matter; `newestItems` cuts when state is stored. */
export function noteItem(times: ItemTimes, itemId: string, occurredAt: number): void {
  const known = times.get(itemId);
  if (known === undefined || known < occurredAt) times.set(itemId, occurredAt);
}

/**
 * The newest `limit` by (time, item id), newest first. An item that is cut has `limit` newer ones, and
 * those only get newer: whatever comes later, it could not have stayed. Answers the map itself where it is so already.
 */
export function newestItems(times: ItemTimes, limit: number): ItemTimes {
  if (times.size <= limit && isNewestFirst(times)) return times;
  return new Map([...times].sort(newestFirst).slice(0, limit));
}

function isNewestFirst(times: ItemTimes): boolean {
  let before: [string, number] | undefined;
  for (const one of times) {
    if (before && newestFirst(before, one) > 0) return false;
    before = one;
  }
  return true;
}

function newestFirst([a, aAt]: [string, number], [b, bAt]: [string, number]): number {
  return bAt - aAt || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Items whose last add is later than their last purchase. Where purchases have been cut, adds that are
 * no newer than the oldest purchase kept do not count: the purchase that answered them may be gone.
 */
export function inCart(added: ItemTimes, bought: ItemTimes, limit: number): ItemTimes {
  const horizon = bought.size < limit ? Number.NEGATIVE_INFINITY : Math.min(...bought.values());
  return new Map(
    [...added].filter(([itemId, at]) => at > horizon && at > (bought.get(itemId) ?? Number.NEGATIVE_INFINITY)),
  );
}
