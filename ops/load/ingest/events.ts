/** Namespace of what benchmarks send; its keys in Redis expire by themselves. */
export const benchNamespace = 'bench';
export const itemCount = 2_000;
const userCount = 10_000;

export const itemIdOf = (item: number): string => `sku-${String(item).padStart(6, '0')}`;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0').slice(-digits);

/** A UUIDv7 by its form: time-ordered like those of clients, unique for (`run`, `index`), and known to whoever counts. */
export function eventIdOf(run: number, index: number): string {
  const milliseconds = hex(run, 12);
  return `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7${hex(index >>> 12, 3)}-8${hex(index, 3)}-${hex(index, 12)}`;
}

/** One interaction of a shop, as its client would send it: about 250 bytes of JSON, 150 of Avro. */
export function eventOf(run: number, index: number, occurredAt: number) {
  const mixed = Math.imul(index, 2_654_435_761) >>> 0;
  const isAdd = mixed % 20 === 0;
  const user = mixed % userCount;
  return {
    event_id: eventIdOf(run, index),
    namespace: benchNamespace,
    user_id: `user-${user}`,
    session_id: `session-${user}-${run % 97}`,
    item_id: itemIdOf((mixed >>> 8) % itemCount),
    type: isAdd ? 'add' : mixed % 4 === 0 ? 'click' : 'view',
    ...(isAdd ? { value: 1 } : {}),
    occurred_at: occurredAt,
    context: { surface: 'pdp', referrer: 'search' },
  };
}
