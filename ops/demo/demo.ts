import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type Config, parseConfig } from '../../pipeline/kernel/config.ts';
import { FreshetError, messageOf } from '../../pipeline/kernel/errors.ts';
import { createLogger, type Logger } from '../../pipeline/kernel/logger.ts';
import { outboxDepth } from '../../pipeline/stores/postgres/outbox-depth.ts';
import { openRedis } from '../../pipeline/stores/redis/open-redis.ts';
import { type FreshetProcess, startProcess, stateVersion } from '../process/process.ts';
import { roles } from '../process/roles.ts';
import { ensureStack, type OnProgress } from '../stack/stack.ts';
import { areaEnvironment, prepareArea } from './area.ts';
import { type AskResult, ask } from './ask.ts';
import { setUpCatalogue } from './catalogue.ts';
import { type ClickLog, readClickLog } from './click-log.ts';
import { createDisplay, type Display } from './display.ts';
import { type Door, openDoor } from './door.ts';
import { installInto } from './install.ts';
import { type ReplayCounts, replay } from './replay.ts';
import { type RunState, type RunStateFile, runStateFile, runStatePath } from './run-state.ts';
import { type DemoSummary, summarise } from './summary.ts';
import { countedEvents, verify } from './verify.ts';

export interface DemoOptions {
  readonly root: string;
  /** See `Area`. */
  readonly area: number;
  readonly limit: number | undefined;
  readonly resume: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  readonly logLevel: string;
}

export interface Demo {
  readonly url: string;
  readonly summary: DemoSummary;
  readonly asked: AskResult;
  readonly stages: readonly unknown[];
  readonly state: RunState;
  stop(): Promise<void>;
}

/** How long the last events may take through the pipeline once all are accepted and nothing moves any more. */
const stalledAfterMs = 60_000;

function beginOrResume(file: RunStateFile, options: DemoOptions, endsAt: (limit: number | null) => number): RunState {
  const earlier = options.resume ? file.read() : undefined;
  if (earlier !== undefined) return earlier;
  if (options.resume) throw new FreshetError('nothing_to_resume', 'no demo to resume here; run it without --resume');
  const limit = options.limit ?? null;
  const runId = Math.floor(Date.now() / 1_000).toString(36);
  return { runId, limit, shiftMs: Date.now() - endsAt(limit), answered: 0, duplicates: 0 };
}

/** Starts servers, tables, schemas, topics and every role in this process; the area of the run is its own. */
async function startEverything(options: DemoOptions, state: RunState, log: Logger): Promise<FreshetProcess> {
  const urls = await ensureStack({ root: options.root, onProgress: options.onProgress });
  const area = { area: options.area, runId: state.runId };
  const config: Config = parseConfig({ ...withoutServers(process.env), ...areaEnvironment(urls, area) });
  const redis = openRedis({ url: config.FRESHET_REDIS_URL, name: 'freshet-demo', log });
  try {
    await new Promise<void>((resolve) => void redis.once('ready', resolve));
    await prepareArea(urls, area, redis);
  } finally {
    redis.disconnect();
  }
  await installInto(config, { root: options.root, log });
  const onFatal = (component: string, error: unknown) => {
    log.error({ component, err: error }, 'cannot go on');
    process.stderr.write(`freshet: ${component} cannot go on: ${messageOf(error)}\n`);
    process.exit(1); // as a crash: --resume goes on
  };
  return startProcess({ config, roles: new Set(roles), log, onFatal });
}

function withoutServers(env: NodeJS.ProcessEnv): Record<string, string | undefined> {
  const servers = /^FRESHET_(POSTGRES_URL|KAFKA_BROKERS|KAFKA_TOPIC_PREFIX|REGISTRY_URL|REDIS_URL)$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !servers.test(name)));
}

async function untilReady(running: FreshetProcess, signal: AbortSignal): Promise<void> {
  while (running.unready() !== undefined) await delay(50, undefined, { signal });
}

/** Waits until feature state has counted `wanted` events and every stage has handled what it was given. */
async function whenCaughtUp(running: FreshetProcess, wanted: number, signal: AbortSignal): Promise<void> {
  let best = -1;
  let movedAt = performance.now();
  for (;;) {
    const counted = await countedEvents(running.pipeline.resources.database, stateVersion);
    const lag = running.pipeline
      .status()
      .flatMap(({ partitions }) => partitions)
      .reduce((sum, { lag }) => sum + lag, 0);
    const { records } = await outboxDepth(running.pipeline.resources.database);
    if (counted >= wanted && lag === 0 && records === 0) return;
    const done = counted - lag - records;
    if (done !== best) movedAt = performance.now();
    best = done;
    if (performance.now() - movedAt > stalledAfterMs) {
      const words = `${counted} of ${wanted} events counted, ${records} in the outbox, ${lag} waiting in stages`;
      throw new FreshetError('demo_stalled', `nothing has moved for ${stalledAfterMs / 1_000} s: ${words}`);
    }
    await delay(200, undefined, { signal });
  }
}

interface Driving {
  readonly door: Door;
  readonly log: ClickLog;
  readonly file: RunStateFile;
  readonly display: Display;
  readonly counts: ReplayCounts;
}

async function replayTraining(state: RunState, { door, log, file, display, counts }: Driving): Promise<RunState> {
  display.phase('replay', log.train.length);
  let latest = state;
  await replay({
    door,
    clicks: log.train,
    shiftMs: state.shiftMs,
    from: state.answered,
    counts,
    onAnswered: (answered) => {
      display.progress(answered);
      latest = { ...state, answered, duplicates: counts.duplicates };
      file.write(latest);
    },
  });
  return latest;
}

function askTestDay({ shiftMs }: RunState, { door, log, display, counts }: Driving): Promise<AskResult> {
  display.phase('ask', log.testSessions.flat().length);
  let clicks = 0;
  return ask({
    door,
    sessions: log.testSessions,
    shiftMs,
    counts,
    onAsked: ({ freshnessMs }) => {
      clicks += 1;
      display.progress(clicks);
      display.freshness(freshnessMs.at(-1) ?? 0);
    },
  });
}

/** The main job from an empty machine to a judged list. Rejects where it cannot go on; what is promised is in `summary`. */
export async function runDemo(options: DemoOptions): Promise<Demo> {
  const startedAt = performance.now();
  const file = runStateFile(runStatePath(options.root, options.area));
  const state = beginOrResume(file, options, (limit) => readClickLog(limit ?? undefined).endsAt);
  const log = readClickLog(state.limit ?? undefined);
  const logger = createLogger(options.logLevel);
  file.write(state); // before anything is made: a run that is killed early can be resumed too
  const running = await startEverything(options, state, logger);
  const { database } = running.pipeline.resources;
  const display = createDisplay({
    metrics: running.metrics,
    outboxDepth: async () => (await outboxDepth(database)).records,
    now: () => performance.now(),
  });
  try {
    await untilReady(running, options.signal);
    const door = openDoor(running.url, options.signal);
    display.say(`all roles run at ${running.url}`);
    await setUpCatalogue({ door, itemIds: log.itemIds, database, display, signal: options.signal });
    const counts = { duplicates: state.duplicates, rejected: 0 };
    const driving = { door, log, file, display, counts };
    const replayed = await replayTraining(state, driving);
    await whenCaughtUp(running, log.train.length - counts.rejected, options.signal);
    const test = log.testSessions.flat();
    const asked = await askTestDay(state, driving);
    await whenCaughtUp(running, log.train.length + test.length - counts.rejected, options.signal);
    display.say('comparing outbox, topics and state, event by event');
    const stages = await verify([...log.train, ...test], database, running.pipeline.resources, stateVersion);
    const durationMs = Math.round(performance.now() - startedAt);
    const accepted = log.train.length + test.length - counts.rejected;
    const summary = summarise({ accepted, counts, stages, asked, durationMs, shortened: state.limit !== null });
    return { url: running.url, summary, asked, stages, state: replayed, stop: () => running.stop() };
  } catch (error) {
    await running.stop();
    throw error;
  } finally {
    display.stop();
  }
}
