import { type StateSettings, stateSettingsSchema } from '../../pipeline/domain/feature/settings.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Tx } from '../../pipeline/stores/postgres/database.ts';
import type { StateSource } from '../../pipeline/stores/state-version.ts';
import { type Actor, recordAudit } from '../outbox/audit.ts';
import { inputsOf, startOffsetsOf } from './inputs.ts';
import type { Installation } from './installation.ts';
import { completeSinceOf } from './reach.ts';
import { activeOf, listVersions, type StartOffset, type VersionRow, versionOf } from './versions.ts';

export interface RebuildRequest {
  readonly source: StateSource;
  /** What differs from the active version. */
  readonly settings: Partial<StateSettings>;
  /** Most events a second; absent for no limit. */
  readonly rate?: number;
  /** Of the processes that work on it; absent where all others do. */
  readonly groupId?: string;
  readonly from: 'earliest' | 'latest';
  /** Although the topics no longer reach back as far as the active version does. */
  readonly allowShorter: boolean;
  readonly actor: Actor;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Makes a version of state beside the live one; running aggregation and candidates processes take it up within a second.
 * Throws FreshetError `rebuild_running`, `history_too_short` or `settings_invalid`; nothing is made then.
 */
export async function startRebuild(installation: Installation, request: RebuildRequest): Promise<VersionRow> {
  const { database, admin } = installation;
  const { source, from } = request;
  const active = await activeOf(database);
  const settings = settingsOf(active.settings, request.settings);
  const startOffsets = await startOffsetsOf(admin, source, from);
  const completeSince = from === 'latest' ? request.now : await reachOf(installation, active, request);
  const version = await database.transaction(async (tx) => {
    // Whoever else starts one waits here, and then sees this one.
    await tx.query({ text: 'LOCK TABLE state_version IN SHARE ROW EXCLUSIVE MODE' });
    await mustBeAlone(tx, request.groupId);
    return insert(tx, { request, settings, startOffsets, completeSince });
  });
  return versionOf(database, version);
}

function settingsOf(active: StateSettings, changed: Partial<StateSettings>): StateSettings {
  const parsed = stateSettingsSchema.safeParse({ ...active, ...changed });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const names = Object.keys(stateSettingsSchema.shape).join(', ');
  throw new FreshetError('settings_invalid', `--set ${issue?.path.join('.')}: ${issue?.message}; there are ${names}`);
}

async function mustBeAlone(tx: Tx, groupId: string | undefined): Promise<void> {
  const other = (await listVersions(tx)).find(
    (row) => row.standing === 'building' && (row.groupId ?? undefined) === groupId,
  );
  if (!other) return;
  throw new FreshetError(
    'rebuild_running',
    `state version ${other.version} is being built already: promote or abort it first (\`npx freshet rebuild status\`)`,
  );
}

async function reachOf(
  { admin }: Installation,
  { completeSince: wanted, version }: VersionRow,
  { source, now, allowShorter }: RebuildRequest,
): Promise<number> {
  const inputs = inputsOf(source).filter(({ stage }) => stage !== 'candidates');
  const since = await Promise.all(
    inputs.map(async ({ topic }) => ({ topic, since: await completeSinceOf(admin, topic, { wanted, now }) })),
  );
  const latest = since.reduce((a, b) => (b.since > a.since ? b : a));
  if (latest.since <= wanted || allowShorter) return Math.max(wanted, latest.since);
  const text = (at: number) => new Date(at).toISOString();
  throw new FreshetError(
    'history_too_short',
    `${latest.topic} reaches back to ${text(latest.since)} only, state version ${version} to ${text(wanted)}: ` +
      'what happened before would be missing; --allow-shorter takes that',
  );
}

interface NewVersion {
  readonly request: RebuildRequest;
  readonly settings: StateSettings;
  readonly startOffsets: readonly StartOffset[];
  readonly completeSince: number;
}

/** Its offsets are there before any process can ask for them. */
async function insert(tx: Tx, { request, settings, startOffsets, completeSince }: NewVersion): Promise<number> {
  const { source, groupId, rate, actor, from } = request;
  const [row] = await tx.query<{ version: number }>({
    text: `INSERT INTO state_version (version, settings, source, group_id, rate, start_offsets, complete_since)
           SELECT max(version) + 1, $1::jsonb, $2, $3, $4::int, $5::jsonb, to_timestamp($6::float8 / 1000)
             FROM state_version RETURNING version`,
    values: [
      JSON.stringify(settings),
      source,
      groupId ?? null,
      rate ?? null,
      JSON.stringify(startOffsets),
      completeSince,
    ],
  });
  const version = row?.version ?? 0;
  await tx.query({
    text: `INSERT INTO consumer_offset (state_version, stage, topic, partition, next_offset)
           SELECT $1, stage, topic, partition, "offset"::bigint
             FROM jsonb_to_recordset($2::jsonb) AS s (stage text, topic text, partition int, "offset" text)`,
    values: [version, JSON.stringify(startOffsets)],
  });
  const details = { version, source, from, settings: request.settings, rate: rate ?? null, groupId: groupId ?? null };
  await recordAudit(tx, actor, { verb: 'rebuild start', details });
  return version;
}
