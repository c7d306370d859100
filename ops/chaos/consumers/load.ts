import { setTimeout as delay } from 'node:timers/promises';
import type { ProducerRecord } from '../../../pipeline/broker/producer.ts';
import { eventKeyId } from '../../../pipeline/domain/keys.ts';
import type { Resources } from '../../../pipeline/main/resources.ts';
import { appliedTimes } from '../../../pipeline/stores/postgres/applied-event.ts';
import { jsonTopics, topics } from '../../../schemas/topics.ts';
import { type Door, type EventResult, openDoor } from '../../demo/door.ts';
import type { Random } from '../random.ts';
import { stateVersion } from './area.ts';
import { enrichedOf } from './catalogue.ts';
import type { Draft, Drafts, SlateDraft } from './drafts.ts';
import type { Ledger } from './ledger.ts';
import type { Poisons } from './poison.ts';
import { namespaces, userIds } from './population.ts';
import type { Truth } from './truth.ts';

export interface LoadOptions {
  readonly url: () => string;
  readonly resources: Pick<Resources, 'producer' | 'database'>;
  readonly random: Random;
  readonly drafts: Drafts;
  readonly poisons: Poisons;
  readonly truth: Truth;
  readonly ledger: Pick<Ledger, 'recent'>;
  /** Batches of events a second, each of some 15. */
  readonly batchesPerSecond: number;
  readonly signal: AbortSignal;
}

const { interactionRecorded, interactionEnriched, impressionRecorded } = topics;
const repeatedTopics = [interactionRecorded.name, interactionEnriched.name, impressionRecorded.name];

/** Well under what pauses a partition, also while the doors for good events are shut. */
const poisonShare = 0.04;

/** Sends by every door while it goes on: events anew and again, shuffled, with poison among them. */
export class Load {
  readonly #options: LoadOptions;
  readonly #door: Door;
  #going = false;
  #working: Promise<unknown> = Promise.resolve();
  #poison = 0;
  /** Events sent again, by whatever door. */
  duplicates = 0;
  /** What the load itself could not go on from. */
  failure: unknown;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#door = openDoor(options.url, options.signal);
  }

  resume(): void {
    if (this.#going) return;
    this.#going = true;
    const everyMs = 1_000 / this.#options.batchesPerSecond;
    const repeat = async (work: () => Promise<void>) => {
      while (this.#going) {
        await Promise.all([work(), delay(everyMs)]);
      }
    };
    this.#working = Promise.all([repeat(() => this.#overHttp()), repeat(() => this.#overTopics())]).catch(
      (error: unknown) => {
        this.failure ??= error;
      },
    );
  }

  /** Resolves when everything on its way was answered. */
  async pause(): Promise<void> {
    this.#going = false;
    await this.#working;
    if (this.failure !== undefined) throw this.failure;
  }

  /** One event of every user, so that every partition has some; true once all of them are state, false after `withinMs`. */
  async untilApplied(withinMs: number): Promise<boolean> {
    const { drafts, resources, signal } = this.#options;
    const probes = namespaces.flatMap((namespace) =>
      userIds.map((user_id) => drafts.interaction({ namespace, user_id })),
    );
    const deadline = performance.now() + withinMs;
    await this.#submit(probes);
    const ids = probes.map((probe) => eventKeyId(probe.namespace, probe.event_id));
    while (!signal.aborted && performance.now() < deadline) {
      const times = await appliedTimes(resources.database, stateVersion, ids).catch(() => new Map<string, number>());
      if (times.size > 0 && ids.every((id) => (times.get(id) ?? 0) > 0)) return true;
      await delay(50, undefined, { signal });
    }
    return false;
  }

  /** Records published as they are, in any order; waits out whatever is away. */
  async publish(topic: string, records: readonly ProducerRecord[]): Promise<void> {
    for (let from = 0; from < records.length; from += 500) {
      const part = records.slice(from, from + 500);
      while (!this.#options.signal.aborted) {
        try {
          await this.#options.resources.producer.send([{ topic, records: part }]);
          break;
        } catch {
          await delay(100);
        }
      }
    }
  }

  /** So many records straight for aggregation, of every user, so many of them poison, shuffled. */
  async publishPoisoned(total: number, poison: number): Promise<void> {
    const { random, drafts, poisons, truth } = this.#options;
    const part = 1_000;
    const share = poison / total;
    for (let done = 0; done < total; done += part) {
      const size = Math.min(part, total - done);
      const bad = Array.from({ length: Math.round(size * share) }, () => poisons.enriched().record);
      const good = Array.from({ length: size - bad.length }, () => enrichedOf(drafts.interaction(), Date.now()));
      const records = good.map((event) => poisons.wrap(event));
      await this.publish(interactionEnriched.name, random.shuffled([...bad, ...records]));
      for (const event of good) truth.published(event);
    }
  }

  /** The newest records of a topic once more, shuffled. */
  async publishAgain(topic: string, most: number): Promise<void> {
    const { ledger, random } = this.#options;
    const records = random.shuffled(ledger.recent(topic)).slice(0, most);
    this.duplicates += records.length;
    await this.publish(
      topic,
      records.map(({ key, value }) => ({ key: key as Buffer, value })),
    );
  }

  async #overHttp(): Promise<void> {
    const { random, drafts } = this.#options;
    const fresh = Array.from({ length: random.between(5, 25) }, () => drafts.interaction());
    await this.#submit(random.shuffled(fresh));
    if (random.next() < 0.25) {
      this.duplicates += fresh.length;
      await this.#submit(random.shuffled(fresh));
    }
    if (random.next() < 0.3) await this.#show(Array.from({ length: random.between(1, 5) }, () => drafts.slate()));
  }

  async #overTopics(): Promise<void> {
    const { random, drafts, poisons, truth } = this.#options;
    const roll = random.next();
    if (roll < 0.4) {
      const fresh = Array.from({ length: random.between(1, 6) }, () => drafts.interaction());
      const again = random.next() < 0.3 ? random.shuffled(fresh) : [];
      this.duplicates += again.length;
      await this.#handIn([...fresh, ...again]);
    } else if (roll < 0.7 && this.#poison < poisonShare * truth.events) {
      for (let count = random.between(1, 4); count > 0; count -= 1) {
        const { topic, record } = poisons.any();
        this.#poison += 1;
        await this.publish(topic, [record]);
      }
    } else {
      await this.publishAgain(random.pick(repeatedTopics), random.between(1, 20));
    }
  }

  async #submit(events: readonly Draft[]): Promise<void> {
    const { results } = await this.#door.post<{ results: EventResult[] }>('/v1/events:batch', { events });
    for (const [at, draft] of events.entries()) {
      if (this.#isTaken(results[at], draft.event_id)) this.#options.truth.acceptedDraft(draft);
    }
  }

  async #show(impressions: readonly SlateDraft[]): Promise<void> {
    const { results } = await this.#door.post<{ results: EventResult[] }>('/v1/impressions', { impressions });
    for (const [at, slate] of impressions.entries()) {
      if (this.#isTaken(results[at], slate.event_id)) this.#options.truth.acceptedSlate(slate);
    }
  }

  #isTaken(result: EventResult | undefined, id: string): boolean {
    if (result?.status === 'accepted' || result?.status === 'duplicate') return true;
    this.#options.truth.faults.push(`${id} was answered ${JSON.stringify(result)}`);
    return false;
  }

  /** By the JSON topic: accepted as soon as it is acknowledged, for it is valid. */
  async #handIn(drafts: readonly Draft[]): Promise<void> {
    const records = drafts.map((draft) => ({
      key: Buffer.from(`${draft.namespace}|${draft.user_id}`),
      value: Buffer.from(JSON.stringify(draft)),
    }));
    await this.publish(jsonTopics.engagementEvents.name, records);
    for (const draft of drafts) this.#options.truth.acceptedDraft(draft);
  }
}
