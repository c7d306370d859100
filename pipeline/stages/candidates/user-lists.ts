import type { ProfileItem, ProfileUpdated } from '../../../schemas/generated/profile-updated.v1.ts';
import { dayOf } from '../../domain/day.ts';
import { likedTags } from '../../domain/feature/likes.ts';
import { typeNumber } from '../../domain/interaction-type.ts';
import { packList, sourceBit } from '../../domain/packed-list.ts';
import { packProfile, setLimit } from '../../domain/packed-profile.ts';
import type { NamespaceSettings } from '../../domain/settings.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { CandidateWriter, UserLists } from '../../stores/candidate.ts';
import type { ItemNumbers } from '../../stores/item-number.ts';
import type { SettingsSource } from '../../stores/settings.ts';
import type { SessionIndexes } from './session-indexes.ts';
import { type UserCandidates, userCandidates } from './user-candidates.ts';

export interface UserListsOptions {
  readonly version: number;
  readonly indexes: SessionIndexes;
  readonly itemNumbers: ItemNumbers;
  readonly writer: Pick<CandidateWriter, 'saveUsers'>;
  readonly settings: Pick<SettingsSource, 'get'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export interface UserRef {
  readonly namespace: string;
  readonly userId: string;
}

/** Makes and writes users' lists and profile summaries. */
export interface UserListWriter {
  /**
   * Every profile gets a list, an empty one too: it says what it reflects. Repeatable. `isWanted` is asked in
   * the moment of writing, so that nothing can come between its answer and the write.
   */
  write(profiles: readonly ProfileUpdated[], isWanted?: (user: UserRef) => boolean): Promise<void>;
  remove(users: readonly UserRef[]): Promise<void>;
}

/** Profiles between two waits: about 5 ms of queries, so that nothing else of the process waits long. */
const profilesAtOnce = 100;

interface Draft {
  readonly profile: ProfileUpdated;
  readonly candidates: UserCandidates;
}

export function createUserListWriter(options: UserListsOptions): UserListWriter {
  const { version, indexes, itemNumbers, writer, settings, clock, metrics } = options;
  const writeSome = async (profiles: readonly ProfileUpdated[], isWanted: (user: UserRef) => boolean) => {
    const drafts = profiles.map((profile) => ({
      profile,
      candidates: userCandidates(profile, indexes.of(profile.namespace)),
    }));
    const numbers = await numbersOf(drafts, itemNumbers);
    const computedAt = clock.now();
    const users = drafts
      .filter(({ profile }) => isWanted(profile))
      .map((draft) => {
        const { namespace } = draft.profile;
        return packed(draft, numbers.get(namespace) ?? new Map(), {
          computedAt,
          weights: settings.get(namespace).weights,
        });
      });
    await writer.saveUsers(version, users);
    for (const { list, profile } of users) {
      metrics.candidatesListBytes.observe((list?.length ?? 0) + (profile?.length ?? 0));
    }
    metrics.candidatesLists.inc({ kind: 'user' }, users.length);
  };
  return {
    async write(profiles, isWanted = () => true) {
      for (let at = 0; at < profiles.length; at += profilesAtOnce) {
        await writeSome(profiles.slice(at, at + profilesAtOnce), isWanted);
      }
    },
    async remove(users) {
      if (users.length === 0) return;
      await writer.saveUsers(
        version,
        users.map((user) => ({ ...user, list: null, profile: null })),
      );
    },
  };
}

async function numbersOf(
  drafts: readonly Draft[],
  itemNumbers: ItemNumbers,
): Promise<ReadonlyMap<string, ReadonlyMap<string, number>>> {
  const wanted = new Map<string, Set<string>>();
  for (const { profile, candidates } of drafts) {
    const ids = wanted.get(profile.namespace) ?? new Set<string>();
    wanted.set(profile.namespace, ids);
    for (const { itemId, because } of candidates.answers) ids.add(itemId).add(because);
    for (const { itemId } of profile.currentSession?.items ?? []) ids.add(itemId);
    for (const set of setsOf(profile)) for (const { itemId } of set) ids.add(itemId);
  }
  const resolved = await Promise.all(
    Array.from(wanted, async ([namespace, ids]) => [namespace, await itemNumbers.resolve(namespace, ids)] as const),
  );
  return new Map(resolved);
}

const setsOf = ({ bought, dismissed, inCart }: ProfileUpdated): readonly (readonly ProfileItem[])[] =>
  [bought, dismissed, inCart].map((set) => set.slice(0, setLimit));

/** Items that the catalogue does not know are left out: serving could neither filter nor show them. */
function packed(
  { profile, candidates }: Draft,
  numbers: ReadonlyMap<string, number>,
  { computedAt, weights }: { readonly computedAt: number; readonly weights: NamespaceSettings['weights'] },
): UserLists {
  const { namespace, userId, lastEvent, segment, locale, currentSession, affinity } = profile;
  const sources = sourceBit(candidates.source);
  const [bought = [], dismissed = [], inCart = []] = setsOf(profile).map((set) =>
    set.flatMap(({ itemId, occurredAt }) => {
      const item = numbers.get(itemId);
      return item === undefined ? [] : [{ item, day: dayOf(occurredAt) }];
    }),
  );
  const itemsOf = (set: typeof bought) => set.map(({ item }) => item);
  return {
    namespace,
    userId,
    list: packList({
      computedAt,
      reflects: lastEvent,
      candidates: candidates.answers.flatMap(({ itemId, score, because }) => {
        const item = numbers.get(itemId);
        return item === undefined ? [] : [{ item, score, sources, because: numbers.get(because) ?? 0 }];
      }),
    }),
    profile: packProfile({
      segment,
      locale: locale ?? '',
      session: (currentSession?.items ?? []).flatMap(({ itemId, type, occurredAt }) => {
        const item = numbers.get(itemId);
        return item === undefined ? [] : [{ item, type: typeNumber(type), occurredAt }];
      }),
      bought,
      dismissed: itemsOf(dismissed),
      inCart: itemsOf(inCart),
      affinity: likedTags(affinity, weights, dayOf(computedAt)),
    }),
  };
}
