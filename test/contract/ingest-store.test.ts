import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventAppender, IngestStore } from '../../pipeline/stores/ingest.ts';
import { createMemoryIngestStore } from '../../pipeline/stores/memory/ingest-store.ts';
import { createMemoryTransactions } from '../../pipeline/stores/memory/transactions.ts';
import { openDatabase } from '../../pipeline/stores/postgres/database.ts';
import { createEventAppender, createIngestStore, ingestSession } from '../../pipeline/stores/postgres/ingest-store.ts';
import type { Transactions } from '../../pipeline/stores/transaction.ts';
import { documentEntry, eventEntry, unstorableEntry } from '../support/ingest-entries.ts';
import { createWorkspace } from '../support/workspace.ts';

/** The appender in transactions of its store, whatever those are. */
interface InTransaction {
  append: OmitTx<EventAppender<never>['append']>;
  known: OmitTx<EventAppender<never>['known']>;
}
type OmitTx<F> = F extends (tx: never, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never;

interface Opened {
  readonly store: IngestStore;
  transaction<T>(work: (events: InTransaction) => Promise<T>): Promise<T>;
  /** Event ids of the outbox, in order. */
  published(): Promise<string[]>;
  close(): Promise<void>;
}

const inTransaction =
  <Tx>(transactions: Transactions<Tx>, events: EventAppender<Tx>): Opened['transaction'] =>
  (work) =>
    transactions.transaction((tx) =>
      work({ append: (entries) => events.append(tx, entries), known: (ids) => events.known(tx, ids) }),
    );

async function openMemory(): Promise<Opened> {
  const store = createMemoryIngestStore();
  return {
    store,
    transaction: inTransaction(createMemoryTransactions(), store.events),
    published: async () => store.rows.map(({ eventId }) => eventId),
    close: async () => undefined,
  };
}

async function openPostgres(): Promise<Opened> {
  const workspace = await createWorkspace({ name: 'ingest-store' });
  const db = openDatabase({
    url: workspace.config.FRESHET_POSTGRES_URL,
    settings: ingestSession,
    onIdleError: () => undefined,
  });
  return {
    store: createIngestStore(db),
    transaction: inTransaction(db, createEventAppender()),
    async published() {
      const rows = await db.query<{ event_id: string }>({ text: 'SELECT event_id FROM outbox ORDER BY seq' });
      return rows.map(({ event_id: id }) => id);
    },
    async close() {
      await db.close();
      await workspace.close();
    },
  };
}

describe.each([
  ['memory', openMemory],
  ['Postgres', openPostgres],
])('a store of ingest (%s)', (_, open) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  /** Ids that no other test uses, and what of the outbox bears one of them. */
  function fresh() {
    const run = randomUUID().slice(0, 8);
    return {
      id: (name: string) => `${run}-${name}`,
      published: async () =>
        (await opened.published()).filter((id) => id.startsWith(run)).map((id) => id.slice(run.length + 1)),
    };
  }

  it('accepts an event once, whatever call brings it again', async () => {
    const { id, published } = fresh();
    const entries = ['b', 'a', 'b'].map((name) => eventEntry(id(name)));
    expect(await opened.store.append(entries)).toEqual(['accepted', 'accepted', 'duplicate']);
    expect(await opened.store.append([eventEntry(id('a')), eventEntry(id('c'))])).toEqual(['duplicate', 'accepted']);
    expect(await published()).toEqual(['b', 'a', 'c']);
  });

  it('publishes in the order given', async () => {
    const { id, published } = fresh();
    const names = Array.from({ length: 300 }, (_, i) => String((i * 7) % 300));
    await opened.store.append(names.map((name) => eventEntry(id(name), `u${Number(name) % 5}`)));
    expect(await published()).toEqual(names);
  });

  it('publishes a document only where its revision is greater', async () => {
    const { id, published } = fresh();
    const append = async (revision: number, content?: string) =>
      (await opened.store.append([documentEntry(id('d'), revision, content)]))[0];
    expect(await append(5)).toBe('accepted');
    expect(await append(5)).toBe('unchanged');
    expect(await append(5, 'other')).toBe('conflict');
    expect(await append(4)).toBe('stale');
    expect(await append(6, 'other')).toBe('accepted');
    expect(await published()).toEqual(['d@5', 'd@6']);
  });

  it('judges writes of one document in one call in the order given', async () => {
    const { id, published } = fresh();
    const revisions = [2, 1, 3, 3];
    const results = await opened.store.append(revisions.map((revision) => documentEntry(id('d'), revision)));
    expect(results).toEqual(['accepted', 'stale', 'accepted', 'unchanged']);
    expect(await published()).toEqual(['d@2', 'd@3']);
  });

  it('keeps a revision of 0', async () => {
    const { id } = fresh();
    const entry = documentEntry(id('d'), 0);
    expect([await opened.store.append([entry]), await opened.store.append([entry])]).toEqual([
      ['accepted'],
      ['unchanged'],
    ]);
  });

  it('takes events and documents in one call', async () => {
    const { id, published } = fresh();
    const entries = [documentEntry(id('d'), 1), eventEntry(id('e')), documentEntry(id('d'), 1), eventEntry(id('e'))];
    expect(await opened.store.append(entries)).toEqual(['accepted', 'accepted', 'unchanged', 'duplicate']);
    expect(await published()).toEqual(['d@1', 'e']);
  });

  it('appends events in the transaction of somebody else, to be undone with it', async () => {
    const { id, published } = fresh();
    const [a, b] = [eventEntry(id('a')), eventEntry(id('b'))];
    await opened.store.append([a]);
    const undone = opened.transaction(async ({ append }) => {
      expect(await append([b, a, b])).toEqual(['accepted', 'duplicate', 'duplicate']);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await published()).toEqual(['a']);
    expect(await opened.transaction(({ append }) => append([b]))).toEqual(['accepted']);
    expect(await opened.store.append([b])).toEqual(['duplicate']);
    expect(await published()).toEqual(['a', 'b']);
  });

  it('knows the keys of events that were accepted, and takes none by being asked', async () => {
    const { id } = fresh();
    const [a, b] = [eventEntry(id('a')), eventEntry(id('b'))];
    await opened.store.append([a]);
    const known = await opened.transaction(({ known: of }) => of([a.keyId, b.keyId]));
    expect([...known]).toEqual([a.keyId]);
    expect(await opened.transaction(({ known: of }) => of([]))).toEqual(new Set());
    expect(await opened.store.append([b])).toEqual(['accepted']);
  });

  it('stores nothing of a call with a value that cannot be stored, and says so', async () => {
    const { id, published } = fresh();
    const entries = [eventEntry(id('a')), documentEntry(id('d'), 1), unstorableEntry(id('bad'))];
    await expect(opened.store.append(entries)).rejects.toMatchObject({ code: expect.stringMatching(/^sql_22/) });
    expect(await published()).toEqual([]);
    expect(await opened.store.append(entries.slice(0, 2))).toEqual(['accepted', 'accepted']);
  });
});
