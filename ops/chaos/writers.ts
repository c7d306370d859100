import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { connectionConfig, type Queryable } from '../../pipeline/stores/postgres/database.ts';
import { appendOutbox } from '../../pipeline/stores/postgres/outbox-append.ts';
import { chaosTopics } from './area.ts';
import type { Random } from './random.ts';

const kinds = ['plain', 'plain', 'plain', 'slow', 'aborted', 'savepoint', 'prepared', 'early xid'] as const;
type Kind = (typeof kinds)[number];

/** Event ids ascend within a writer; the keys are its own, so that its transactions are in the order of `seq`. */
export interface Writers {
  resume(): void;
  /** Resolves when no transaction is open. */
  pause(): Promise<void>;
  close(): Promise<void>;
  /** Rows whose COMMIT was answered since the last call, and that must therefore be in the outbox. */
  takeAcknowledged(): ReadonlySet<string>;
}

export interface WritersOptions {
  readonly url: string;
  readonly count: number;
  readonly random: Random;
}

/** At the end of ids whose transactions take their time, so that latencies are of those that do not. */
export const slowMark = '~';
const keysOfWriter = 24;
const payloadBytes = 150;

export function outboxRow(id: string, key: string, topic: string) {
  const payload = Buffer.from(id.padEnd(payloadBytes, '.'));
  return { topic, key: Buffer.from(key), eventId: id, payload, occurredAt: 1_700_000_000_000 };
}

/** Event id of a payload. */
export const idOf = (payload: Buffer): string => payload.toString('latin1').replace(/\.*$/, '');

const queryable = (client: pg.Client): Queryable => ({
  query: async ({ text, values = [] }) => (await client.query(text, values)).rows,
});

/** Writes under random transactions until it is paused; a connection that breaks is replaced. */
class Writer {
  readonly #options: WritersOptions & { readonly name: string; readonly acknowledged: Set<string> };
  #client: pg.Client | undefined;
  #written = 0;
  #transactions = 0;

  constructor(options: WritersOptions & { name: string; acknowledged: Set<string> }) {
    this.#options = options;
  }

  async one(): Promise<void> {
    try {
      this.#client ??= await this.#connect();
      const ids = await this.#transaction(this.#client, this.#options.random.pick(kinds));
      for (const id of ids) this.#options.acknowledged.add(id);
    } catch {
      // Whether it committed is for the outbox to say; the server is away or the connection was cut.
      await this.close();
      await delay(50);
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined); // broken already
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({ ...connectionConfig(this.#options.url), application_name: 'chaos writer' });
    client.on('error', () => undefined); // seen by the next statement
    await client.connect();
    await this.#endLeftPrepared(client);
    return client;
  }

  /** A crash between PREPARE and COMMIT PREPARED leaves the transaction open for ever. */
  async #endLeftPrepared(client: pg.Client): Promise<void> {
    const { rows } = await client.query('SELECT gid FROM pg_prepared_xacts WHERE gid LIKE $1', [
      `chaos-${this.#options.name}-%`,
    ]);
    for (const { gid } of rows) await client.query(`COMMIT PREPARED '${gid}'`);
  }

  async #append(client: pg.Client, kind: Kind): Promise<string[]> {
    const { random, name } = this.#options;
    const topic = random.pick(chaosTopics);
    const rows = Array.from({ length: random.between(1, 12) }, () => {
      this.#written += 1;
      return outboxRow(
        `${name}.${this.#written}${kind === 'plain' ? '' : slowMark}`,
        `${name}|${random.between(1, keysOfWriter)}`,
        topic,
      );
    });
    await appendOutbox(queryable(client), rows);
    return rows.map(({ eventId }) => eventId);
  }

  /** Answers what it committed. */
  async #transaction(client: pg.Client, kind: Kind): Promise<string[]> {
    const { random, name } = this.#options;
    await client.query('BEGIN');
    if (kind === 'early xid') {
      await client.query('SELECT pg_current_xact_id()');
      await delay(random.between(5, 60));
    }
    const ids = await this.#append(client, kind);
    if (kind === 'slow') {
      await delay(random.between(100, 800));
      ids.push(...(await this.#append(client, kind)));
    }
    if (kind === 'savepoint') {
      await client.query('SAVEPOINT s');
      const inner = await this.#append(client, kind);
      const keep = random.next() < 0.5;
      await client.query(keep ? 'RELEASE s' : 'ROLLBACK TO s');
      if (keep) ids.push(...inner);
      ids.push(...(await this.#append(client, kind)));
    }
    await delay(random.between(0, 8));
    if (kind === 'aborted') {
      await client.query('ROLLBACK');
      return [];
    }
    if (kind !== 'prepared') {
      await client.query('COMMIT');
      return ids;
    }
    this.#transactions += 1;
    const gid = `chaos-${name}-${this.#transactions}`;
    await client.query(`PREPARE TRANSACTION '${gid}'`);
    await delay(random.between(5, 100));
    await client.query(`COMMIT PREPARED '${gid}'`);
    return ids;
  }
}

export function startWriters(options: WritersOptions): Writers {
  const acknowledged = new Set<string>();
  const writers = Array.from(
    { length: options.count },
    (_, n) => new Writer({ ...options, name: `w${n}`, acknowledged }),
  );
  let going = false;
  let working: Promise<unknown> = Promise.resolve();
  const work = async (writer: Writer) => {
    while (going) await writer.one();
  };
  return {
    takeAcknowledged() {
      const taken = new Set(acknowledged);
      acknowledged.clear();
      return taken;
    },
    resume() {
      if (going) return;
      going = true;
      working = Promise.all(writers.map(work));
    },
    async pause() {
      going = false;
      await working;
    },
    async close() {
      going = false;
      await working;
      await Promise.all(writers.map((writer) => writer.close()));
    },
  };
}
