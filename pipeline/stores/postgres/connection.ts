import pg from 'pg';
import { TransientError } from '../../kernel/errors.ts';
import {
  connectionConfig,
  isPooled,
  type Queryable,
  rowTypes,
  type Statement,
  translate,
  unnamed,
} from './database.ts';

export interface ConnectionOptions {
  readonly url: string;
  readonly name: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** A query that takes longer is given up and breaks the connection. */
  readonly queryTimeoutMs?: number;
  /** Channels to LISTEN on; none are behind a pooler, where a notification would reach whoever is served then. */
  readonly channels?: readonly string[];
  onNotification?(channel: string): void;
  /** Once, when the connection ends without `close`. */
  onBroken(error: Error): void;
}

/** A server that hangs never answers the goodbye, and whoever closes wants to connect anew. */
const closeWithinMs = 2_000;

/** One connection outside any pool; it never reconnects, so session state and its end are visible. */
export interface Connection extends Queryable {
  /** Rows as arrays, for statements that return thousands. */
  rows<Row extends unknown[]>(statement: Statement): Promise<Row[]>;
  /** Bounded in time, also where the server hangs. */
  close(): Promise<void>;
}

/** Connects and LISTENs; rejects with TransientError where the server is away. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { url, name, settings, queryTimeoutMs = 30_000 } = options;
  const pooled = isPooled(url);
  const channels = pooled ? [] : (options.channels ?? []);
  const client = new pg.Client({
    ...connectionConfig(url, settings),
    application_name: name,
    query_timeout: queryTimeoutMs,
  });
  let broken: Error | undefined;
  let closing = false;
  const breakOnce = (error: Error) => {
    if (broken || closing) return;
    broken = error;
    options.onBroken(error);
  };
  client.on('error', (error) => breakOnce(translate(error)));
  client.on('end', () => breakOnce(new TransientError('postgres_unavailable', 'connection ended')));
  client.on('notification', ({ channel }) => options.onNotification?.(channel));

  const run = async <Row>(statement: Statement, rowMode?: 'array'): Promise<Row[]> => {
    if (broken) throw broken;
    try {
      const config = {
        ...(pooled ? unnamed(statement) : statement),
        values: statement.values ?? [],
        types: rowTypes,
        ...(rowMode && { rowMode }),
      };
      return (await client.query(config as pg.QueryConfig)).rows as Row[];
    } catch (error) {
      throw translate(error);
    }
  };
  const close = async () => {
    closing = true;
    const giveUp = setTimeout(() => client.connection.stream.destroy(), closeWithinMs);
    await client.end().finally(() => clearTimeout(giveUp));
  };
  try {
    await client.connect();
    for (const channel of channels) await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
  } catch (error) {
    closing = true;
    client.end().catch(() => undefined); // never connected, or already gone: nothing to release
    throw translate(error);
  }
  return { query: (statement) => run(statement), rows: (statement) => run(statement, 'array'), close };
}
