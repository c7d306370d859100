import pg from 'pg';
import { FreshetError, messageOf, TransientError } from '../../kernel/errors.ts';
import type { Transactions } from '../transaction.ts';

/** A statement; with a name it is prepared once a connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
}

/** Whatever can run a statement: a pool or the connection of a transaction. */
export interface Queryable {
  query<Row extends object = Record<string, unknown>>(statement: Statement): Promise<Row[]>;
}

/** A connection inside a transaction. */
export interface Tx extends Queryable {
  readonly client: pg.PoolClient;
}

export interface Database extends Queryable, Transactions<Tx> {
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly maxConnections?: number;
  /** Extra session settings, as `-c name=value` start-up options. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A statement that takes longer fails as TransientError, and its connection is given up. */
  readonly queryTimeoutMs?: number;
  /** Called when an idle connection breaks; the pool replaces it. */
  readonly onIdleError: (error: Error) => void;
}

/** int8 → bigint, timestamptz → milliseconds since the epoch; everything else as pg does. */
export const rowTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: string) => {
    if (format === 'binary') return pg.types.getTypeParser(oid, 'binary');
    if (oid === 20) return (text: string) => BigInt(text);
    if (oid === 1016) return (text: string) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(BigInt));
    if (oid === 1184) return (text: string) => Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
    return pg.types.getTypeParser(oid, 'text');
  }) as pg.CustomTypesConfig['getTypeParser'],
};

/**
 * SQLSTATE classes where the values are at fault: data, constraint, a limit such as the size of an index entry.
 * A missing table, column or privilege is a deployment's fault: no record may be set aside for it.
 */
const permanent = /^(22|23|54)/;

/** Start-up parameters refused, prepared statements that are gone or there already: what a pooler does to sessions. */
const poolerStates = new Set(['08P01', '26000', '42P05']);
const poolerHint = (sqlState: string): string =>
  poolerStates.has(sqlState)
    ? '; where a transaction pooler stands in between, the URL must say ?pooler=transaction'
    : '';

/**
 * Translates a driver's error. Bare errors such as `Connection terminated unexpectedly` have no SQLSTATE
 * and are transient, as is everything not recognised. Permanent: code `sql_<sqlstate>`.
 */
export function translate(error: unknown): Error {
  if (error instanceof FreshetError) return error;
  const sqlState = (error as { code?: unknown }).code;
  if (typeof sqlState === 'string' && /^[0-9A-Z]{5}$/.test(sqlState)) {
    const options = { cause: error, fields: { sqlState } };
    if (permanent.test(sqlState)) return new FreshetError(`sql_${sqlState}`, messageOf(error), options);
    return new TransientError(`sql_${sqlState}`, messageOf(error) + poolerHint(sqlState), options);
  }
  if (error instanceof TypeError || error instanceof RangeError) return error;
  return new TransientError('postgres_unavailable', messageOf(error), { cause: error });
}

async function runOn<Row>(runner: pg.Pool | pg.PoolClient, statement: Statement): Promise<Row[]> {
  try {
    const result = await runner.query({ ...statement, values: statement.values ?? [], types: rowTypes });
    return result.rows as Row[];
  } catch (error) {
    throw translate(error);
  }
}

/**
 * Whether the URL says `?pooler=transaction`: each transaction may run on another server connection, so nothing of a
 * session lasts. No start-up options, no prepared statements, no LISTEN.
 */
export function isPooled(url: string): boolean {
  return URL.parse(url)?.searchParams.get('pooler') === 'transaction';
}

/** A prepared statement belongs to a server connection. */
export const unnamed = ({ name: _, ...statement }: Statement): Statement => statement;

/** Connection settings shared by the pool and by connections that live outside it (LISTEN, advisory locks). */
export function connectionConfig(url: string, settings: Readonly<Record<string, string>> = {}): pg.ClientConfig {
  const all = { search_path: 'freshet', synchronous_commit: 'on', TimeZone: 'UTC', DateStyle: 'ISO', ...settings };
  const options = Object.entries(all).map(([name, value]) => `-c ${name}=${value}`);
  return {
    connectionString: url,
    ...(!isPooled(url) && { options: options.join(' ') }),
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    application_name: 'freshet',
  };
}

/** Behind a pooler the schema cannot be chosen by the session. */
function withSchemaHint(error: unknown): unknown {
  if (!(error instanceof TransientError) || error.code !== 'sql_42P01') return error;
  const hint = 'behind a pooler the role must look there by itself: ALTER ROLE … SET search_path = freshet';
  return new TransientError(error.code, `${error.message}; tables are in the schema freshet, and ${hint}`, {
    cause: error,
  });
}

/** A pool whose errors are translated; whoever opens it closes it. */
export function openDatabase(options: DatabaseOptions): Database {
  const { url, settings, maxConnections: max = 10, queryTimeoutMs } = options;
  const pooled = isPooled(url);
  const run = <Row>(runner: pg.Pool | pg.PoolClient, statement: Statement) =>
    runOn<Row>(runner, pooled ? unnamed(statement) : statement).catch((error: unknown) => {
      throw pooled ? withSchemaHint(error) : error;
    });
  const timeout = queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs };
  const pool = new pg.Pool({ ...connectionConfig(url, settings), ...timeout, max });
  pool.on('error', options.onIdleError);
  // A connection that breaks while it is not idle also emits 'error', and the query in flight rejects with it. The
  // pool takes its own listener off before the awaiting caller runs, and both messages may lie in one chunk.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    pool,
    query: (statement) => run(pool, statement),
    async transaction(work) {
      const client = await pool.connect().catch((error: unknown) => {
        throw translate(error);
      });
      let broken = false;
      try {
        await run(client, { text: 'BEGIN' });
        const result = await work({ client, query: (statement) => run(client, statement) });
        await run(client, { text: 'COMMIT' });
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch(() => {
          broken = true; // nothing to roll back on a dead connection; the server has done it
        });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    async savepoint(tx, work) {
      await tx.query({ text: 'SAVEPOINT part' });
      try {
        const result = await work();
        await tx.query({ text: 'RELEASE SAVEPOINT part' });
        return result;
      } catch (error) {
        if (error instanceof TransientError) throw error;
        await tx.query({ text: 'ROLLBACK TO SAVEPOINT part' });
        throw error;
      }
    },
    close: () => pool.end(),
  };
}
