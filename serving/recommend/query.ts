import type { PackedCandidate, PackedList, Reflects } from '../../pipeline/domain/packed-list.ts';
import type { ProfileSummary } from '../../pipeline/domain/packed-profile.ts';
import type { RecentEvent } from '../../pipeline/domain/packed-recent.ts';
import type { SurfaceSettings } from '../../pipeline/domain/settings.ts';
import type { NamespaceItems } from '../catalog-view.ts';
import type { Allows, Constraints } from './constraints.ts';
import type { FallbackLevel } from './fallback-level.ts';
import type { RequestInputs } from './inputs.ts';
import type { RememberedAnswer } from './last-answers.ts';
import type { Owned } from './owned.ts';
import type { Page } from './page.ts';
import type { Rounds } from './rounds.ts';
import type { ActiveRules } from './rules/compile.ts';
import type { RulesTrial } from './rules/trial.ts';

/** What a client asks for, validated. */
export interface Query {
  readonly requestId: string;
  readonly namespace: string;
  readonly userId: string;
  /** Empty where the client names none. */
  readonly surface: string;
  readonly limit: number;
  readonly explain: boolean;
  /** The answer is to be logged as an impression. */
  readonly logImpression: boolean;
  /** Items the list is to go with, such as the one on the page or those in the cart. */
  readonly contextItems: readonly string[];
  readonly excludeItems: readonly string[];
  readonly constraints: Constraints;
  /** What a cursor says; undefined for the first page. */
  readonly page: Page | undefined;
  /** Rules to be tried in place of some of those in force; undefined for those in force. */
  readonly trial: RulesTrial | undefined;
}

/** What is known of the user when the answer is made. */
export interface UserState {
  readonly version: number;
  readonly list: PackedList | undefined;
  readonly profile: ProfileSummary | undefined;
  /** Oldest first; includes what the list does not reflect yet. */
  readonly recent: readonly RecentEvent[];
  /** Numbers of the known context items, and the packed neighbours of each. */
  readonly contextItems: readonly number[];
  readonly contextNeighbours: readonly (Buffer | null)[];
  /** Where Redis could not be asked: the last answer of process memory, from which profile and recent events are then. */
  readonly remembered: RememberedAnswer | undefined;
  /** What the remembered list reflects. */
  readonly reflects: Reflects | undefined;
}

/** A query with everything that sources, filters and side effects need. */
export interface HydratedQuery extends Query {
  /** Milliseconds since the epoch. */
  readonly askedAt: number;
  readonly user: UserState;
  readonly settings: SurfaceSettings;
  readonly rules: ActiveRules;
  readonly configVersion: number;
  readonly items: NamespaceItems;
  readonly rounds: Rounds;
  readonly inputs: RequestInputs;
  /** Items of the session and of the recent events. */
  readonly seen: ReadonlySet<number>;
  /** Item of the latest interaction, 0 where there is none. */
  readonly current: number;
  readonly excluded: ReadonlySet<number>;
  readonly owned: Owned;
  readonly tagsAllow: Allows;
  readonly priceAllows: Allows;
}

export type Candidate = PackedCandidate;

/** A candidate with its rung; `score` falls along the slate. */
export interface Ranked extends Candidate {
  readonly level: FallbackLevel;
  /** Id of the rule that pinned it. */
  readonly rule?: string;
}

/** Why an offered candidate is not in the slate. */
export interface Removal {
  readonly item: number;
  readonly level: FallbackLevel;
  readonly filter: string;
}

/** The ordered list for one request, before it is written as JSON. */
export interface Slate {
  readonly query: HydratedQuery;
  readonly items: readonly Ranked[];
  /** Rung of the first item; of the first rung that had anything to say where filters left no item. */
  readonly level: FallbackLevel;
  readonly reflects: Reflects | undefined;
  readonly removed: readonly Removal[];
  /** Numbers for the pages after this one, in order: none twice, and none that was shown. */
  readonly rest: readonly number[];
}
