import { is, Table } from 'drizzle-orm';
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../../pipeline/stores/postgres/database.ts';
import * as apiKey from '../../../pipeline/stores/postgres/tables/api-key.ts';
import * as catalog from '../../../pipeline/stores/postgres/tables/catalog.ts';
import * as deadLetter from '../../../pipeline/stores/postgres/tables/dead-letter.ts';
import * as ingest from '../../../pipeline/stores/postgres/tables/ingest.ts';
import * as outbox from '../../../pipeline/stores/postgres/tables/outbox.ts';
import * as state from '../../../pipeline/stores/postgres/tables/state.ts';
import { createWorkspace, type Workspace } from '../../support/workspace.ts';

const tables = [outbox, ingest, catalog, state, deadLetter, apiKey].flatMap((module) =>
  Object.values(module).filter((value): value is PgTable => is(value, Table)),
);

interface Column {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  readonly isNullable: boolean;
}

const byName = (a: Column, b: Column) => `${a.table}.${a.column}`.localeCompare(`${b.table}.${b.column}`);

describe('the table definitions', () => {
  let workspace: Workspace;
  let database: Database;
  beforeAll(async () => {
    workspace = await createWorkspace({ name: 'tables' });
    database = openDatabase({ url: workspace.config.FRESHET_POSTGRES_URL, onIdleError: () => undefined });
  });
  afterAll(async () => {
    await database.close();
    await workspace.close();
  });

  it('name every table and column of the migrations, with type and nullability', async () => {
    const migrated = await database.query<Column>({
      text: `SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type,
                    NOT a.attnotnull AS "isNullable"
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              WHERE c.relnamespace = 'freshet'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                AND c.relname <> 'migration'`,
    });
    const defined = tables.flatMap((table) => {
      const { name, columns } = getTableConfig(table);
      return columns.map(
        (column): Column => ({
          table: name,
          column: column.name,
          type: column.getSQLType(),
          isNullable: !column.notNull,
        }),
      );
    });
    expect(defined.sort(byName)).toEqual(migrated.sort(byName));
  });

  it('name the primary keys of the migrations', async () => {
    const migrated = await database.query<{ table: string; columns: string[] }>({
      text: `SELECT c.relname AS table, array_agg(a.attname::text ORDER BY k.at) AS columns
               FROM pg_constraint p JOIN pg_class c ON c.oid = p.conrelid
                    CROSS JOIN unnest(p.conkey) WITH ORDINALITY AS k (attnum, at)
                    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
              WHERE p.contype = 'p' AND c.relnamespace = 'freshet'::regnamespace AND c.relname <> 'migration'
              GROUP BY c.relname`,
    });
    const defined = tables.map(getTableConfig).flatMap(({ name, columns, primaryKeys }) => {
      const [composite] = primaryKeys;
      const key = (composite?.columns ?? columns.filter(({ primary }) => primary)).map((column) => column.name);
      return key.length === 0 ? [] : [[name, key] as const];
    });
    expect(Object.fromEntries(defined)).toEqual(
      Object.fromEntries(migrated.map(({ table, columns }) => [table, columns])),
    );
  });
});
