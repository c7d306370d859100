import { digestOf } from '../../pipeline/domain/intake/revision.ts';
import { eventKeyId } from '../../pipeline/domain/keys.ts';
import type { DocumentEntry, EventEntry } from '../../pipeline/stores/ingest.ts';

/** An event entry of user `user`; `id` names it in the outbox. */
export const eventEntry = (id: string, user = 'u'): EventEntry => ({
  kind: 'event',
  keyId: eventKeyId('default', id),
  row: {
    topic: 'events',
    key: Buffer.from(`default|${user}`),
    eventId: id,
    payload: Buffer.from(id),
    occurredAt: 1_768_478_400_000,
  },
});

/** A write of document `id`; its outbox row is named `id@revision`. */
export const documentEntry = (id: string, revision: number, content = 'a'): DocumentEntry => ({
  kind: 'document',
  document: { kind: 'item', namespace: 'default', id },
  revision,
  digest: digestOf(content),
  deleted: false,
  row: {
    topic: 'items',
    key: Buffer.from(`default|${id}`),
    eventId: `${id}@${revision}`,
    payload: Buffer.from(content),
    occurredAt: 1_768_478_400_000,
  },
});

/** An event that no Postgres stores: text cannot hold NUL. */
export const unstorableEntry = (id: string): EventEntry => eventEntry(`${id}\0`);
