import { setTimeout as delay } from 'node:timers/promises';
import { createRandom, type Random } from '../../chaos/random.ts';
import { zipf } from '../aggregate/shape.ts';
import { carryOutPlans } from '../harness/forked-generator.ts';
import { type ConnectionPool, getRequest, openPool, postRequest } from '../harness/raw-http.ts';
import { eventIdOf } from '../ingest/events.ts';
import {
  type FreshnessPlan,
  type FreshnessResult,
  itemIdOf,
  missAfterMs,
  benchNamespace as namespace,
} from './load-plan.ts';

const firstConnections = 32;
/**
 * Between two looks at a list: at most that much is added to a figure. It grows with the time that the event has taken,
 * so that looking is no load of its own where lists are late.
 */
const lookEveryMs = 5;
const lookEveryShare = 0.05;

interface Mark {
  readonly received_at: number;
  readonly event_id: string;
}

interface Batch {
  readonly request: Buffer;
  readonly userId: string;
}

/** Users evenly, items by Zipf's law; made before the clock starts. */
function batchesOf({ url, run, users, items, batches, batch }: FreshnessPlan, random: Random): Batch[] {
  const { host } = new URL(url);
  const itemOf = zipf(items, 1);
  const event = (index: number) => ({
    event_id: eventIdOf(run, index),
    namespace,
    user_id: `user-${random.between(0, users - 1)}`,
    item_id: itemIdOf(itemOf(random)),
    type: random.next() < 0.8 ? 'view' : 'click',
    context: { surface: 'pdp' },
  });
  return Array.from({ length: batches }, (_, i) => {
    const events = Array.from({ length: batch }, (_, j) => event(i * batch + j));
    return { request: postRequest('/v1/events:batch', host, { events }), userId: events[0]?.user_id ?? '' };
  });
}

const isAtLeast = (reflects: Mark, own: Mark): boolean =>
  reflects.received_at === own.received_at ? reflects.event_id >= own.event_id : reflects.received_at > own.received_at;

class Run {
  readonly #plan: FreshnessPlan;
  readonly #pool: ConnectionPool;
  readonly freshness: number[] = [];
  readonly missed: string[] = [];
  lists = 0;

  constructor(plan: FreshnessPlan, pool: ConnectionPool) {
    this.#plan = plan;
    this.#pool = pool;
  }

  /** Throws where any event was not accepted; answers the first one's mark. */
  async send({ request }: Batch): Promise<Mark> {
    const { status, body } = await this.#pool.ask(request);
    const text = body.toString();
    const accepted = text.match(/"status":"accepted"/g)?.length ?? 0;
    if (status !== 202 || accepted !== this.#plan.batch) {
      throw new Error(`${accepted} of ${this.#plan.batch} events accepted, status ${status}: ${text.slice(0, 300)}`);
    }
    return (JSON.parse(text) as { results: Mark[] }).results[0] as Mark;
  }

  /** Asks for the user's list until it reflects the event. */
  async follow(userId: string, own: Mark, dueAt: number): Promise<void> {
    const path = `/v1/recommendations/${userId}?namespace=${namespace}&surface=home&limit=20`;
    const request = getRequest(path, new URL(this.#plan.url).host);
    for (;;) {
      const { status, body } = await this.#pool.ask(request);
      this.lists += 1;
      const { reflects } = JSON.parse(body.toString()) as { reflects?: Mark | null };
      const tookMs = performance.now() - dueAt;
      if (status === 200 && reflects && isAtLeast(reflects, own)) return void this.freshness.push(tookMs);
      if (tookMs > missAfterMs) return void this.missed.push(own.event_id);
      await delay(Math.max(lookEveryMs, tookMs * lookEveryShare));
    }
  }
}

carryOutPlans(async (plan: FreshnessPlan): Promise<FreshnessResult> => {
  const batches = batchesOf(plan, createRandom(plan.run));
  const pool = await openPool(new URL(plan.url), firstConnections);
  const run = new Run(plan, pool);
  const accepted = new Float64Array(batches.length);
  const lateness = new Float64Array(batches.length);
  const pending: Promise<void>[] = [];
  const failed = new AbortController();
  const one = async (batch: Batch, index: number, dueAt: number) => {
    const mark = await run.send(batch);
    accepted[index] = performance.now() - dueAt;
    if (index % plan.followEvery === 0) await run.follow(batch.userId, mark, dueAt);
  };
  const before = process.cpuUsage();
  const startedAt = performance.now();
  try {
    for (const [index, batch] of batches.entries()) {
      const dueAt = startedAt + (index * 1_000) / plan.batchesPerSecond;
      const waitMs = dueAt - performance.now();
      if (waitMs > 0) await delay(waitMs);
      failed.signal.throwIfAborted();
      lateness[index] = Math.max(0, performance.now() - dueAt);
      const sending = one(batch, index, dueAt);
      sending.catch((error: unknown) => failed.abort(error));
      pending.push(sending);
    }
    await Promise.all(pending);
  } finally {
    pool.close();
  }
  const { user, system } = process.cpuUsage(before);
  return {
    freshness: Float64Array.from(run.freshness),
    missed: run.missed,
    accepted,
    lateness,
    lists: run.lists,
    seconds: (performance.now() - startedAt) / 1_000,
    cpuSeconds: (user + system) / 1e6,
  };
});
