import { type StateSettings, stateSettingsSchema } from '../../pipeline/domain/feature/settings.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { Queryable } from '../../pipeline/stores/postgres/database.ts';
import type { StateSource } from '../../pipeline/stores/state-version.ts';

/**
 * `building`: never active, or no longer after a rollback. `kept`: was active, and a rollback may lead back to it.
 * `retiring`: its records are being taken away; `retired`: nothing of it is left.
 */
export type VersionStanding = 'active' | 'building' | 'kept' | 'retiring' | 'retired';

export interface StartOffset {
  readonly stage: string;
  readonly topic: string;
  readonly partition: number;
  /** Decimal. */
  readonly offset: string;
}

/** All that is known of a version of state. */
export interface VersionRow {
  readonly version: number;
  readonly standing: VersionStanding;
  readonly settings: StateSettings;
  readonly source: StateSource;
  readonly groupId: string | null;
  readonly rate: number | null;
  readonly startOffsets: readonly StartOffset[];
  /** Milliseconds since the epoch. */
  readonly completeSince: number;
  readonly createdAt: number;
  readonly promotedAt: number | null;
  /** Active before it. */
  readonly replaced: number | null;
}

const rowsText = `
SELECT v.version, v.settings, v.source, v.group_id AS "groupId", v.rate, v.start_offsets AS "startOffsets",
       v.complete_since AS "completeSince", v.created_at AS "createdAt", v.promoted_at AS "promotedAt", v.replaced,
       CASE WHEN v.status <> 'running' THEN v.status
            WHEN v.version = (SELECT a.version FROM active_version a) THEN 'active'
            WHEN v.promoted_at IS NOT NULL OR EXISTS (SELECT FROM state_version n WHERE n.replaced = v.version) THEN 'kept'
            ELSE 'building' END AS standing
  FROM state_version v ORDER BY v.version`;

export async function listVersions(db: Queryable): Promise<readonly VersionRow[]> {
  const rows = await db.query<Omit<VersionRow, 'settings'> & { settings: unknown }>({ text: rowsText });
  return rows.map((row) => ({ ...row, settings: stateSettingsSchema.parse(row.settings) }));
}

export async function activeOf(db: Queryable): Promise<VersionRow> {
  const active = (await listVersions(db)).find(({ standing }) => standing === 'active');
  if (active) return active;
  throw new FreshetError('active_version_missing', 'no version of state is active: run `npx freshet migrate up`');
}

/** Throws FreshetError `state_version_unknown` that names those there are. */
export async function versionOf(db: Queryable, version: number): Promise<VersionRow> {
  const rows = await listVersions(db);
  const found = rows.find((row) => row.version === version);
  if (found) return found;
  const known = rows.map((row) => `${row.version} (${row.standing})`).join(', ');
  throw new FreshetError('state_version_unknown', `there is no state version ${version}; there are ${known}`);
}

/** The only one that is being built, where no number was given. */
export async function buildingOf(db: Queryable, version: number | undefined): Promise<VersionRow> {
  if (version !== undefined) return versionOf(db, version);
  const building = (await listVersions(db)).filter(({ standing }) => standing === 'building');
  if (building.length === 1) return building[0] as VersionRow;
  const which = building.map((row) => row.version).join(', ');
  throw new FreshetError(
    'state_version_missing',
    building.length === 0
      ? 'no version is being built: start one with `npx freshet rebuild start`'
      : `several versions are being built (${which}): name one`,
  );
}
