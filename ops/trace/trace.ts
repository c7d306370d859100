import { userKey } from '../../pipeline/domain/keys.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { messageOf } from '../../pipeline/kernel/errors.ts';
import type { SubmitDoor } from '../../pipeline/main/installed-topics.ts';
import type { InteractionEnriched } from '../../schemas/generated/interaction-enriched.v1.ts';
import { topics } from '../../schemas/topics.ts';
import type { EventFacts, KeyFacts, OutboxFacts, RecordFacts, TopicFacts, TraceFacts, VersionFacts } from './facts.ts';
import { findApplied, findKey, type RunningVersion } from './key-station.ts';
import { findLetters } from './letter-station.ts';
import { findList, findProfileRecord } from './list-station.ts';
import { findParked, searchOutbox } from './outbox-station.ts';
import type { TraceServers } from './servers.ts';
import { type Progress, type Reading, readProgress, standing } from './stage-station.ts';
import { findState } from './state-station.ts';
import { type Sighting, searchDoor, searchRecords } from './topic-station.ts';

export interface TraceRequest {
  readonly eventId: string;
  readonly namespace: string;
  /** Narrows the search to one shard and one partition. */
  readonly userId: string | undefined;
  /** Nothing older is searched; milliseconds since the epoch. */
  readonly since: number;
  /** For all searches together; look-ups by key come on top. */
  readonly withinMs: number;
}

/** Clocks of database and brokers may differ by this much, and a record may have been published late. */
const skewMs = 300_000;

/** Asks every station in the order an event passes them; a server that is away costs its own answers only. */
export async function trace(
  servers: TraceServers,
  doors: readonly SubmitDoor[],
  request: TraceRequest,
): Promise<TraceFacts> {
  return new Trace(servers, doors, request).run();
}

class Trace {
  readonly #servers: TraceServers;
  readonly #doors: readonly SubmitDoor[];
  readonly #request: TraceRequest;
  readonly #startedMs = systemClock.monotonic();
  readonly #problems = new Set<string>();

  constructor(servers: TraceServers, doors: readonly SubmitDoor[], request: TraceRequest) {
    this.#servers = servers;
    this.#doors = doors;
    this.#request = request;
  }

  async run(): Promise<TraceFacts> {
    const { database } = this.#servers;
    const { eventId, namespace } = this.#request;
    const noKey: KeyFacts = { isTaken: false, window: null, currentSince: 0 };
    const [key, applied] = await Promise.all([
      this.#ask('event keys', noKey, () => findKey(database, namespace, eventId)),
      this.#ask<RunningVersion[]>('applied events', [], () => findApplied(database, namespace, eventId)),
    ]);
    const isKnown = key.isTaken || applied.some((one) => one.applied > 0);
    const [outbox, doors] = await Promise.all([this.#outbox(), this.#searchDoors()]);
    const recorded = await this.#recorded(outbox, isKnown);
    const enriched = await this.#enriched(recorded);
    const event = enriched?.event ?? recorded.find((one) => one.event !== undefined)?.event;
    const records = [doors, recorded.map(({ facts }) => facts), enriched ? [enriched.facts] : []].flat();
    const where = records.flatMap((one) => one.records);
    const versions = await this.#versions(applied, event, enriched);
    const read = [...readings(records, applied), ...candidatesReadings(versions)];
    // Last, so that no stage seems to be behind what was found after it.
    const progress = await this.#ask<Progress>('offsets', { places: [], running: [] }, () => readProgress(database));
    const letters = await this.#ask('dead letters', [], () => findLetters(database, this.#request, where));
    return {
      eventId,
      namespace,
      key,
      outbox,
      doors,
      recorded: recorded.map(({ facts }) => facts),
      enriched: enriched?.facts,
      event,
      stages: read.map((reading) => standing(progress, reading)),
      letters,
      versions,
      problems: [...this.#problems],
    };
  }

  async #ask<T>(what: string, otherwise: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#problems.add(`${what}: ${messageOf(error)}`);
      return otherwise;
    }
  }

  /** By the monotonic clock: this share of the time is over. */
  #deadline(share: number): number {
    return this.#startedMs + this.#request.withinMs * share;
  }

  #userKey(): Buffer | undefined {
    const { namespace, userId } = this.#request;
    return userId === undefined ? undefined : userKey(namespace, userId);
  }

  async #outbox(): Promise<OutboxFacts> {
    const { eventId, since } = this.#request;
    const key = this.#userKey();
    const each = await Promise.all(
      this.#servers.outboxes.map(({ name, database }) =>
        this.#ask(`outbox ${name}`, undefined, async () => {
          const how = { outbox: name, eventId, key, since, deadlineMs: this.#deadline(0.4) };
          const [{ rows, searched }, parked] = await Promise.all([
            searchOutbox(database, how),
            findParked(database, name, eventId),
          ]);
          const known = new Set(rows.map(({ seq }) => seq));
          return { rows: [...rows, ...parked.filter(({ seq }) => !known.has(seq))], searched };
        }),
      ),
    );
    const answered = each.filter((one) => one !== undefined);
    const rows = answered.flatMap((one) => one.rows).filter((row) => this.#isOurs(row.topic, row.key));
    return { rows, searched: answered.map(({ searched }) => searched) };
  }

  /** Ids repeat across namespaces; keys of ingest topics and of what stands behind them are their producers' own. */
  #isOurs(topic: string, key: string): boolean {
    const keyed: readonly string[] = [topics.interactionRecorded.name, topics.impressionRecorded.name];
    return !keyed.includes(topic) || key.startsWith(`${this.#request.namespace}|`);
  }

  #searchDoors(): Promise<TopicFacts[]> {
    const { since } = this.#request;
    return Promise.all(
      this.#doors.map((door) =>
        this.#ask(door.topic.name, nothing(door.topic.name, since), () =>
          searchDoor(this.#servers, door, this.#request, { since, order: 'newest', deadlineMs: this.#deadline(0.4) }),
        ),
      ),
    );
  }

  /** From where the outbox says that it was published; where it says nothing, all that was recorded since. */
  async #recorded({ rows }: OutboxFacts, isKnown: boolean): Promise<Sighting[]> {
    const targets = [topics.interactionRecorded, topics.impressionRecorded] as const;
    const published = rows.find(({ topic, state }) => state !== 'parked' && targets.some((one) => one.name === topic));
    if (published?.state === 'waiting' || (published === undefined && !isKnown)) return [];
    const wanted = targets.filter(({ name }) => published === undefined || name === published.topic);
    const how =
      published === undefined
        ? ({ key: this.#userKey(), since: this.#request.since, order: 'newest' } as const)
        : ({ key: Buffer.from(published.key), since: published.createdAt - skewMs, order: 'oldest' } as const);
    return Promise.all(
      wanted.map((topic) =>
        this.#ask(topic.name, unseen(topic.name, how.since), () =>
          searchRecords(this.#servers, topic as typeof topics.interactionRecorded, this.#request, {
            ...how,
            deadlineMs: this.#deadline(0.7),
          }),
        ),
      ),
    );
  }

  async #enriched(recorded: readonly Sighting[]): Promise<Sighting | undefined> {
    const source = recorded.find(({ facts }) => facts.topic === topics.interactionRecorded.name);
    const [record] = source?.facts.records ?? [];
    if (record === undefined || source?.event === undefined) return undefined;
    const { name } = topics.interactionEnriched;
    const since = record.timestampMs - skewMs;
    const key = userKey(this.#request.namespace, source.event.userId);
    return this.#ask(name, unseen(name, since), () =>
      searchRecords(this.#servers, topics.interactionEnriched, this.#request, {
        key,
        since,
        order: 'oldest',
        deadlineMs: this.#deadline(0.9),
      }),
    );
  }

  #versions(
    applied: readonly RunningVersion[],
    event: EventFacts | undefined,
    enriched: Sighting | undefined,
  ): Promise<VersionFacts[]> {
    const [record] = enriched?.facts.records ?? [];
    const state = { profile: undefined, sessionId: null, activity: null, exposures: [] };
    const userId = event?.userId ?? this.#request.userId;
    return Promise.all(
      applied.map(async ({ version, isActive, applied: times }) => {
        const bare = { version, isActive, applied: times, ...state, profileRecord: undefined, list: undefined };
        if (userId === undefined) return bare;
        const question = { version, namespace: this.#request.namespace, eventId: this.#request.eventId, userId };
        const value = enriched?.value as InteractionEnriched | undefined;
        const found = await this.#ask(`state version ${version}`, state, () =>
          findState(this.#servers.database, {
            ...question,
            enriched: record && value && { value, partition: record.partition },
          }),
        );
        return { ...bare, ...found, ...(await this.#lists({ ...question, event, record })) };
      }),
    );
  }

  async #lists(question: {
    readonly version: number;
    readonly namespace: string;
    readonly userId: string;
    readonly eventId: string;
    readonly event: EventFacts | undefined;
    readonly record: RecordFacts | undefined;
  }): Promise<Pick<VersionFacts, 'list' | 'profileRecord'>> {
    const { event, record, ...user } = question;
    if (event === undefined || event.kind === 'impression') return { list: undefined, profileRecord: undefined };
    const wanted = { ...user, receivedAt: event.receivedAt };
    const since = (record?.timestampMs ?? event.receivedAt) - skewMs;
    const [list, profileRecord] = await Promise.all([
      this.#ask('Redis', undefined, () => findList(this.#servers, wanted)),
      this.#ask(topics.profileUpdated.name, undefined, () =>
        findProfileRecord(this.#servers, wanted, { since, deadlineMs: this.#deadline(1) }),
      ),
    ]);
    return { list, profileRecord };
  }
}

const nothing = (topic: string, since: number): TopicFacts => ({
  topic,
  records: [],
  searchedRecords: 0n,
  since,
  isComplete: false,
});
const unseen = (topic: string, since: number): Sighting => ({
  facts: nothing(topic, since),
  event: undefined,
  value: undefined,
});

const candidatesReadings = (versions: readonly VersionFacts[]): Reading[] =>
  versions.flatMap(({ version, profileRecord: record }) =>
    record === undefined ? [] : [{ stage: 'candidates', stateVersion: version, record }],
  );

/** Which stages read which of the records; a version that is built from recorded ones reads those. */
function readings(found: readonly TopicFacts[], versions: readonly RunningVersion[]): Reading[] {
  return found.flatMap(({ topic, records: [record] }) => {
    if (record === undefined) return [];
    const each = (stage: string, wanted: readonly RunningVersion[]) =>
      wanted.map(({ version }) => ({ stage, stateVersion: version, record }));
    const from = (source: RunningVersion['source']) => versions.filter((one) => one.source === source);
    if (topic === topics.interactionRecorded.name)
      return [{ stage: 'enrichment', stateVersion: 0, record }, ...each('aggregation', from('recorded'))];
    if (topic === topics.interactionEnriched.name) return each('aggregation', from('enriched'));
    if (topic === topics.impressionRecorded.name) return each('exposure', versions);
    return [{ stage: 'intake', stateVersion: 0, record }];
  });
}
