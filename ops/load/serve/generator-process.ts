import { createRandom } from '../../chaos/random.ts';
import { carryOutPlans } from '../harness/forked-generator.ts';
import { getRequest, openConnection, openPool, type RawAnswer, type RawConnection } from '../harness/raw-http.ts';
import { type ClosedLoop, type LoadPlan, type LoadResult, levels, type OpenLoop, type Sample } from './load-plan.ts';
import { pathOf, visitors } from './population.ts';

/** An open loop begins with so many. */
const firstConnections = 64;
const tickMs = 1;

const marks = levels.map((level) => Buffer.from(`"fallback_level":"${level}"`));
const noLevel = levels.indexOf('none');

function levelOf({ body }: RawAnswer): number {
  const index = marks.findIndex((mark) => body.includes(mark));
  return index === -1 ? noLevel : index;
}

/** Figures of requests in order, in arrays that grow by doubling. */
class Notes {
  count = 0;
  latencies = new Float64Array(4_096);
  lateness = new Float64Array(4_096);
  users = new Uint32Array(4_096);
  statuses = new Uint16Array(4_096);
  levels = new Uint8Array(4_096);
  readonly samples: Sample[] = [];

  /** The place of a request that is now due. */
  add(): number {
    const at = this.count;
    this.count += 1;
    if (this.count > this.latencies.length) this.#grow();
    return at;
  }

  #grow(): void {
    const length = 2 * this.latencies.length;
    const { latencies, lateness, users, statuses, levels: levelsOf } = this;
    this.latencies = new Float64Array(length);
    this.latencies.set(latencies);
    this.lateness = new Float64Array(length);
    this.lateness.set(lateness);
    this.users = new Uint32Array(length);
    this.users.set(users);
    this.statuses = new Uint16Array(length);
    this.statuses.set(statuses);
    this.levels = new Uint8Array(length);
    this.levels.set(levelsOf);
  }
}

interface Run {
  readonly plan: LoadPlan;
  readonly notes: Notes;
  readonly nextUser: () => number;
  readonly requests: readonly Buffer[];
  readonly url: URL;
}

async function askOne(
  { plan, notes, nextUser, requests }: Run,
  connection: Pick<RawConnection, 'ask'>,
  due: Due,
): Promise<void> {
  const { at, dueAt } = due;
  const user = nextUser();
  notes.users[at] = user;
  notes.lateness[at] = Math.max(0, performance.now() - dueAt);
  const answer = await connection.ask(requests[user] as Buffer);
  notes.latencies[at] = performance.now() - dueAt;
  notes.statuses[at] = answer.status;
  notes.levels[at] = levelOf(answer);
  if (at % plan.sampleEvery === 0) notes.samples.push({ index: at, user, text: answer.body.toString() });
}

interface Due {
  readonly at: number;
  readonly dueAt: number;
}

/** Answers when its first request was sent. */
async function closedLoop(run: Run, { connections, seconds, atLeast }: ClosedLoop): Promise<number> {
  const all = await Promise.all(Array.from({ length: connections }, () => openConnection(run.url)));
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  const one = async (connection: RawConnection) => {
    while (performance.now() < until || run.notes.count < atLeast) {
      await askOne(run, connection, { at: run.notes.add(), dueAt: performance.now() });
    }
  };
  try {
    await Promise.all(all.map(one));
    return startedAt;
  } finally {
    for (const connection of all) connection.close();
  }
}

/** Answers when its first request was due. */
async function openLoop(run: Run, { requestsPerSecond, seconds }: OpenLoop): Promise<number> {
  const pool = await openPool(run.url, firstConnections);
  const count = Math.round(requestsPerSecond * seconds);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let answered = 0;
  const send = (due: Due): void => {
    askOne(run, pool, due).then(() => {
      answered += 1;
      if (answered === count) resolve();
    }, reject);
  };
  const startedAt = performance.now();
  const tick = () => {
    for (;;) {
      const dueAt = startedAt + (run.notes.count * 1_000) / requestsPerSecond;
      if (run.notes.count >= count || dueAt > performance.now()) break;
      send({ at: run.notes.add(), dueAt });
    }
    if (run.notes.count < count) setTimeout(tick, tickMs);
  };
  tick();
  try {
    await promise;
    return startedAt;
  } finally {
    pool.close();
  }
}

carryOutPlans(async (plan: LoadPlan): Promise<LoadResult> => {
  const url = new URL(plan.url);
  const random = createRandom(plan.seed);
  const draw = visitors(plan.users);
  const requests = Array.from({ length: plan.users }, (_, user) => getRequest(pathOf(user, plan.surface), url.host));
  const notes = new Notes();
  const run = { plan, notes, nextUser: () => draw(random), requests, url };
  const before = process.cpuUsage();
  const startedAt = plan.pace.kind === 'closed' ? await closedLoop(run, plan.pace) : await openLoop(run, plan.pace);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return {
    startedAt: performance.timeOrigin + startedAt,
    seconds,
    latencies: notes.latencies.slice(0, notes.count),
    lateness: notes.lateness.slice(0, notes.count),
    users: notes.users.slice(0, notes.count),
    statuses: notes.statuses.slice(0, notes.count),
    levels: notes.levels.slice(0, notes.count),
    samples: notes.samples,
    cpuSeconds: (user + system) / 1e6,
  };
});
