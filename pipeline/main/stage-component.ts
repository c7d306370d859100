import type { CatalogueTopic, TopicDef } from '../../schemas/topic.ts';
import type { RecordReader } from '../broker/codec.ts';
import { openDeadLetterEncoder } from '../broker/registry/dead-letters.ts';
import type { Component } from '../kernel/component.ts';
import type { Outcome } from '../kernel/outcome.ts';
import { type EncodeDeadLetter, outboxDeadLetters, producedDeadLetters } from '../kernel/runner/dead-letter-sinks.ts';
import { type Effect, outcomeOf } from '../kernel/runner/effect.ts';
import { createPace } from '../kernel/runner/pace.ts';
import type { DeadLetterSink } from '../kernel/runner/ports.ts';
import { createRunner } from '../kernel/runner/runner.ts';
import { statefulEffect } from '../kernel/runner/stateful.ts';
import { statelessEffect } from '../kernel/runner/stateless.ts';
import { timedTransactions } from '../kernel/runner/timed-transactions.ts';
import type { Stage, StatefulStage, StatelessStage } from '../kernel/stage.ts';
import type { Tx } from '../stores/postgres/database.ts';
import { appendOutbox } from '../stores/postgres/outbox-append.ts';
import { createPostgresProgress } from '../stores/postgres/progress.ts';
import { announced } from './announced.ts';
import { mustHaveTopics } from './missing-topics.ts';
import { whenReachable } from './reachable.ts';
import type { ProcessContext, Resources } from './resources.ts';

/** Topics of registered schemas, or others with what reads them. */
type Sources<In> =
  | { readonly sources: readonly TopicDef<In>[]; readonly reader?: undefined }
  | { readonly sources: readonly CatalogueTopic[]; readonly reader: RecordReader<In> };

export type StageOptions<In, Out> = Sources<In> & {
  readonly stage: Stage<In, Out, Tx>;
  /** As in `RunnerOptions`. */
  readonly part?: string;
  /** Where `emit` goes. */
  readonly target?: TopicDef<Out>;
  /** Instead of dead-letter topics, for the stage that reads those. */
  readonly deadLetters?: DeadLetterSink;
  receivedAtOf?(value: In): number | undefined;
  eventIdOf?(value: In): string | undefined;
  countsTowardsLimit?(outcome: Outcome<unknown>): boolean;
  /** Records a second over all processes, asked before each batch; null for no limit. */
  rate?(): number | null;
  /** Of a stateful stage: called after each commit with what became of its records. */
  onCommitted?(outcomes: readonly Outcome<unknown>[]): void;
};

/** A stage with its runner. Looks its writers up at start, and waits there while the registry is away. */
export function stageComponent<In, Out = never>(
  context: ProcessContext,
  resources: Resources,
  options: StageOptions<In, Out>,
): Component {
  const { stage } = options;
  const component = whenReachable(stage.name, context, async () => {
    const { config, clock } = context;
    await mustHaveTopics(resources.admin, options.sources);
    const progress = createPostgresProgress(resources.database);
    const readers = readersOf(resources, options);
    const runner = createRunner<In>({
      ...context,
      stage,
      ...(options.part === undefined ? {} : { part: options.part }),
      effect: await effectOf(context, resources, options),
      consumers: resources.consumers,
      offsets: resources.admin,
      progress,
      readerOf: (topic) => readers.get(topic) ?? unknownTopic(stage.name, topic),
      owner: context.instance,
      autoOffsetReset: config.FRESHET_CONSUMER_AUTO_OFFSET_RESET,
      limits: {
        get maxRecords() {
          return batchRecords(config.FRESHET_CONSUMER_BATCH_RECORDS, options.rate?.());
        },
        maxBytes: 8_388_608,
      },
      ...(options.rate ? { pace: createPace({ clock, rate: options.rate, partitions: partitionsOf(options) }) } : {}),
      ...(stage.kind === 'stateful' ? { batchMs: config.FRESHET_CONSUMER_BATCH_MS } : {}),
      dlqLimit: { ratio: config.FRESHET_DLQ_LIMIT_RATIO, inARow: config.FRESHET_DLQ_LIMIT_IN_A_ROW },
      ...(options.receivedAtOf ? { receivedAtOf: options.receivedAtOf } : {}),
      ...(options.countsTowardsLimit ? { countsTowardsLimit: options.countsTowardsLimit } : {}),
    });
    return {
      name: runner.name,
      async start(fail) {
        const running = await runner.start(fail);
        context.onStage(runner.name, () => running.status());
        return running;
      },
    };
  });
  return announced(context, options, component);
}

/** Under a rate, batches of about a quarter of a second, so that it goes on evenly. */
const batchRecords = (most: number, rate: number | null | undefined): number =>
  rate == null ? most : Math.min(most, Math.max(1, Math.ceil(rate / 4)));

const partitionsOf = ({ sources }: { readonly sources: readonly CatalogueTopic[] }): number =>
  sources.reduce((sum, { partitions }) => sum + partitions, 0);

function readersOf<In>({ codec }: Resources, { sources, reader }: Sources<In>): Map<string, RecordReader<In>> {
  if (reader !== undefined) return new Map(sources.map(({ name }) => [name, reader]));
  return new Map(sources.map((topic) => [topic.name, codec.reader(topic)]));
}

function unknownTopic(stage: string, topic: string): never {
  throw new Error(`${stage} was handed a record of ${topic}, which it does not consume`);
}

async function effectOf<In, Out>(
  context: ProcessContext,
  resources: Resources,
  options: StageOptions<In, Out>,
): Promise<Effect<In>> {
  const { clock, metrics, appVersion } = context;
  const { codec } = resources;
  const { stage, sources } = options;
  const eventIdOf = options.eventIdOf ?? (() => undefined);
  const encode = options.deadLetters
    ? undefined
    : await openDeadLetterEncoder({ codec, stage: stage.name, sources, appVersion });
  if (stage.kind === 'stateless') {
    const deadLetters = options.deadLetters ?? producedDeadLetters(resources.producer, encode as EncodeDeadLetter);
    return statelessOf(resources, stage, { ...options, clock, eventIdOf, deadLetters });
  }
  const { onCommitted = () => undefined } = options;
  return statefulOf(resources, stage, { clock, metrics, eventIdOf, onCommitted, encode: encode as EncodeDeadLetter });
}

interface Common<In> {
  readonly clock: ProcessContext['clock'];
  eventIdOf(value: In): string | undefined;
}

async function statelessOf<In, Out>(
  { codec, producer, database }: Resources,
  stage: StatelessStage<In, Out>,
  { target, clock, eventIdOf, deadLetters }: Common<In> & { target?: TopicDef<Out>; deadLetters: DeadLetterSink },
): Promise<Effect<In>> {
  return statelessEffect<In, Out>({
    stage,
    progress: createPostgresProgress(database),
    deadLetters,
    clock,
    eventIdOf,
    ...(target ? { output: { producer, writer: await codec.writer(target) } } : {}),
  });
}

interface StatefulOnly {
  readonly metrics: ProcessContext['metrics'];
  readonly encode: EncodeDeadLetter;
  readonly onCommitted: (outcomes: readonly Outcome<unknown>[]) => void;
}

function statefulOf<In>(
  { database, signal }: Resources,
  stage: StatefulStage<In, Tx>,
  { clock, metrics, eventIdOf, encode, onCommitted }: Common<In> & StatefulOnly,
): Effect<In> {
  const labels = { stage: stage.name, version: stage.stateVersion };
  return statefulEffect<In, Tx>({
    stage,
    transactions: timedTransactions(database, clock, (ms) =>
      metrics.stageTransactionSeconds.observe(labels, ms / 1_000),
    ),
    progress: createPostgresProgress(database),
    deadLetters: outboxDeadLetters(appendOutbox, encode),
    clock,
    eventIdOf,
    afterCommit({ verdicts }) {
      signal.signal();
      onCommitted(verdicts.map(outcomeOf));
    },
  });
}
