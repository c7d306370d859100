import type { Change, ConfigBody, ConfigDocument, ConfigRef, NamespaceConfig } from '../catalog.ts';
import type { Queryable } from './database.ts';

type ConfigChange = Change<ConfigRef, ConfigDocument>;

const tables = {
  settings: { table: 'namespace_config', key: 'namespace' },
  rule: { table: 'rule', key: 'namespace, id' },
} as const;

/** Documents and deletions, a statement a kind; a key has one or the other. */
export async function saveConfig(tx: Queryable, changes: readonly ConfigChange[]): Promise<void> {
  for (const kind of ['settings', 'rule'] as const) {
    await saveKind(
      tx,
      kind,
      changes.filter(({ ref }) => ref.kind === kind),
    );
  }
}

async function saveKind(tx: Queryable, kind: ConfigRef['kind'], changes: readonly ConfigChange[]): Promise<void> {
  if (changes.length === 0) return;
  const { table, key } = tables[kind];
  const sameId = kind === 'rule' ? 'AND c.id = i.id' : '';
  await tx.query({
    name: `config-save-${kind}`,
    text: `WITH input AS (
             SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[], $5::text[])
                           AS r (namespace, id, revision, deleted, body)
           ), gone AS (
             UPDATE ${table} c SET deleted = true FROM input i
              WHERE i.revision IS NULL AND c.namespace = i.namespace ${sameId}
           )
           INSERT INTO ${table} AS c (${key}, revision, deleted, body)
           SELECT ${key}, revision, deleted, body::jsonb FROM input WHERE revision IS NOT NULL ORDER BY ${key}
           ON CONFLICT (${key})
           DO UPDATE SET revision = excluded.revision, deleted = excluded.deleted, body = excluded.body
            WHERE c.revision <= excluded.revision`,
    values: [
      changes.map(({ ref }) => ref.namespace),
      changes.map(({ ref }) => ref.id),
      changes.map(({ document }) => document?.revision ?? null),
      changes.map(({ deleted }) => deleted),
      changes.map(({ document }) => (document ? JSON.stringify(document.body) : null)),
    ],
  });
}

interface SettingsRow {
  readonly namespace: string;
  readonly revision: bigint;
  readonly body: ConfigBody;
}

/** Two reads: what a change between them leaves apart, the reading after it puts together (see `putSettled`). */
export async function loadConfig(db: Queryable, namespaces: readonly string[]): Promise<NamespaceConfig[]> {
  if (namespaces.length === 0) return [];
  const settings = await db.query<SettingsRow>({
    name: 'config-load',
    text: 'SELECT namespace, revision, body FROM namespace_config WHERE namespace = ANY ($1::text[]) AND NOT deleted',
    values: [namespaces],
  });
  const rules = await db.query<SettingsRow & { readonly id: string }>({
    name: 'rules-load',
    text: `SELECT namespace, id, revision, body FROM rule
            WHERE namespace = ANY ($1::text[]) AND NOT deleted ORDER BY namespace, id`,
    values: [namespaces],
  });
  const settingsOf = new Map(settings.map((row) => [row.namespace, row]));
  const rulesOf = Map.groupBy(rules, ({ namespace }) => namespace);
  return namespaces.map((namespace) => {
    const own = settingsOf.get(namespace);
    return {
      namespace,
      settings: own ? { revision: Number(own.revision), body: own.body } : null,
      rules: (rulesOf.get(namespace) ?? []).map(({ id, revision, body }) => ({ id, revision: Number(revision), body })),
    };
  });
}

export async function configuredNamespaces(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ namespace: string }>({
    text: `SELECT namespace FROM namespace_config WHERE NOT deleted
           UNION SELECT namespace FROM rule WHERE NOT deleted`,
  });
  return rows.map(({ namespace }) => namespace);
}
