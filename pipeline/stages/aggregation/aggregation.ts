import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import { topics } from '../../../schemas/topics.ts';
import { type ActivityCount, countActivity } from '../../domain/feature/activity.ts';
import { exposureKind, unstorableField, watchSeconds } from '../../domain/feature/interest.ts';
import type { StateSettings } from '../../domain/feature/settings.ts';
import { deadLetter } from '../../kernel/outcome.ts';
import type { StatefulStage } from '../../kernel/stage.ts';
import type {
  AppendOutbox,
  AppliedEvents,
  Exposure,
  ExposureLog,
  FeatureStore,
  StoredProfile,
  StoredSession,
} from '../../stores/feature.ts';
import { type Applicable, claimBatch } from './claim.ts';
import { type DerivedWriters, type UserUpdate, updateUser } from './user-update.ts';
import { groupByUser, sessionsWanted, workKey } from './workload.ts';

export interface AggregationDeps<Tx> {
  readonly stateVersion: number;
  readonly applied: AppliedEvents<Tx>;
  readonly features: FeatureStore<Tx>;
  readonly exposures: ExposureLog<Tx>;
  readonly appendOutbox: AppendOutbox<Tx>;
  readonly writers: DerivedWriters;
}

/**
 * Folds interactions into profiles, sessions and item counts of one state version, and announces every
 * changed profile and session through the outbox: one record a user and batch. State is a function of the
 * set of events: neither order of arrival, nor batches, nor repeats show in it (only `revision` counts batches).
 */
export function createAggregation<Tx>(deps: AggregationDeps<Tx>): StatefulStage<InteractionEnriched, Tx> {
  const { stateVersion, applied, features, exposures, appendOutbox, writers } = deps;
  let settings: StateSettings | undefined; // frozen with the version, so read once

  return {
    kind: 'stateful',
    name: 'aggregation',
    consumes: [topics.interactionEnriched],
    stateVersion,
    async apply(tx, batch) {
      settings ??= await features.settings(tx, stateVersion);
      const { fresh, outcomes } = await claimBatch(tx, batch, { applied, stateVersion, refuse });
      const updates = await updateUsers(tx, fresh, { features, stateVersion, settings, writers });
      await features.saveProfiles(
        tx,
        stateVersion,
        updates.map(({ profile }) => profile),
      );
      await features.removeSessions(
        tx,
        stateVersion,
        updates.flatMap(({ removed }) => removed),
      );
      await features.saveSessions(
        tx,
        stateVersion,
        updates.flatMap(({ sessions }) => sessions),
      );
      await features.addActivity(tx, stateVersion, activityOf(fresh));
      await exposures.add(
        tx,
        stateVersion,
        fresh.flatMap(({ value }) => exposureOf(value)),
      );
      await appendOutbox(
        tx,
        updates.flatMap(({ records }) => records),
      );
      return outcomes;
    },
  };
}

function refuse(interaction: InteractionEnriched) {
  const field = unstorableField(interaction);
  return field === undefined ? undefined : deadLetter('invalid', `${field} holds characters that state cannot keep`);
}

interface UpdateDeps<Tx> {
  readonly features: FeatureStore<Tx>;
  readonly stateVersion: number;
  readonly settings: StateSettings;
  readonly writers: DerivedWriters;
}

/** Two look-ups for the whole batch, then everything else in memory. */
async function updateUsers<Tx>(
  tx: Tx,
  fresh: readonly Applicable<InteractionEnriched>[],
  { features, stateVersion, settings, writers }: UpdateDeps<Tx>,
): Promise<UserUpdate[]> {
  const work = groupByUser(fresh.map(({ value }) => value));
  const profiles = new Map<string, StoredProfile>();
  for (const one of await features.profiles(tx, stateVersion, [...work.values()])) profiles.set(workKey(one), one);
  const wanted = [...work].map(([key, one]) => sessionsWanted(one, profiles.get(key), settings.sessionGapMs));
  const sessions = new Map<string, StoredSession[]>();
  for (const one of await features.sessions(tx, stateVersion, wanted)) {
    const known = sessions.get(workKey(one));
    if (known) known.push(one);
    else sessions.set(workKey(one), [one]);
  }
  return [...work].map(([key, one]) =>
    updateUser(
      one,
      { profile: profiles.get(key), sessions: sessions.get(key) ?? [] },
      { stateVersion, settings, writers },
    ),
  );
}

function activityOf(fresh: readonly Applicable<InteractionEnriched>[]): ActivityCount[] {
  const counts = new Map<string, ActivityCount>();
  for (const { value, partition } of fresh) countActivity(counts, value, partition);
  return [...counts.values()];
}

function exposureOf(interaction: InteractionEnriched): Exposure[] {
  const kind = exposureKind(interaction);
  const { namespace, userId, itemId, eventId, requestId, occurredAt, context } = interaction;
  if (kind === undefined || itemId === null) return [];
  const position = context?.rank ?? null;
  const { abBucket: variant = null, surface = null } = context ?? {};
  const watched = watchSeconds(interaction);
  const said = { requestId, position, sources: null, variant, surface, watchSeconds: watched };
  return [{ namespace, userId, itemId, eventId, kind, occurredAt, ...said }];
}
