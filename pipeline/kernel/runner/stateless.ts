import type { RecordWriter } from '../../broker/codec.ts';
import type { Producer, ProducerRecord } from '../../broker/producer.ts';
import { FreshetError, messageOf, TransientError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import type { Delivery, StatelessStage } from '../stage.ts';
import { assertAnswered, type Effect, nextAfter, outcomeOf, unhandled, type Verdict, verdictsOf } from './effect.ts';
import type { DeadLetterSink, RunnerProgress } from './ports.ts';
import { type SetAsideContext, setAside } from './set-aside.ts';

export interface StatelessEffectOptions<In, Out> extends SetAsideContext<In> {
  readonly stage: StatelessStage<In, Out>;
  readonly progress: RunnerProgress<never>;
  readonly deadLetters: DeadLetterSink;
  /** Needed where the stage emits. */
  readonly output?: { readonly producer: Producer; readonly writer: RecordWriter<Out> };
}

interface Answer<Out> {
  readonly outcome: Outcome<Out>;
  readonly attempt: number;
}

/** Handle, publish, wait for the acknowledgement, then mark: at least once. */
export function statelessEffect<In, Out>(options: StatelessEffectOptions<In, Out>): Effect<In> {
  const { stage, progress, deadLetters } = options;
  return async (slice) => {
    const deliveries = slice.decoded.flatMap(({ delivery }) => (delivery === undefined ? [] : [delivery]));
    const handled = verdictsOf(slice.decoded, await handleIsolating(stage, deliveries)).map((verdict) =>
      encoded(options, verdict),
    );
    const admitted = handled.slice(0, slice.admits(handled.map(({ verdict }) => outcomeOf(verdict))));
    const verdicts = await publish(options, admitted);
    const letters = setAside(slice, verdicts, options);
    if (letters.length > 0) await deadLetters.publish(letters).catch(rethrowTransient('dead_letter_unpublishable'));
    const next = nextAfter(slice, verdicts.length);
    const { epoch, nextOffset: expected } = slice.position;
    const { stateVersion, stage: name, topic, partition } = slice;
    const move = { stateVersion, stage: name, topic, partition, epoch, expected, next };
    return { advanced: await progress.advance(undefined, move), verdicts, next };
  };
}

/** The batch at once; where that throws, each delivery alone, and what throws again is set aside. */
async function handleIsolating<In, Out>(
  stage: StatelessStage<In, Out>,
  deliveries: readonly Delivery<In>[],
): Promise<Answer<Out>[]> {
  if (deliveries.length === 0) return [];
  try {
    const outcomes = await stage.handle(deliveries);
    assertAnswered(stage.name, outcomes, deliveries.length);
    return outcomes.map((outcome) => ({ outcome, attempt: 1 }));
  } catch (error) {
    if (error instanceof TransientError) throw error;
  }
  const answers: Answer<Out>[] = [];
  for (const delivery of deliveries) {
    try {
      const outcomes = await stage.handle([delivery]);
      assertAnswered(stage.name, outcomes, 1);
      answers.push({ outcome: outcomes[0] as Outcome<Out>, attempt: 2 });
    } catch (error) {
      if (error instanceof TransientError) throw error;
      answers.push({ outcome: unhandled(error), attempt: 2 });
    }
  }
  return answers;
}

interface Encoded<In, Out> {
  readonly verdict: Verdict<In, Out>;
  readonly records: readonly ProducerRecord[];
}

/** A record that does not fit its own schema is the stage's fault, so it sets the delivery aside. */
function encoded<In, Out>(
  { stage, output }: StatelessEffectOptions<In, Out>,
  verdict: Verdict<In, Out>,
): Encoded<In, Out> {
  const { outcome } = verdict;
  if (outcome.kind !== 'emit') return { verdict, records: [] };
  try {
    if (output === undefined) throw new FreshetError('stage_contract', `${stage.name} emits but has no output`);
    const records = outcome.records.map(({ key, value }) => ({
      key,
      value: value === null ? null : output.writer.write(value),
    }));
    return { verdict, records };
  } catch (error) {
    if (error instanceof TransientError) throw error;
    return { verdict: { ...verdict, outcome: unhandled(error) as Outcome<Out> }, records: [] };
  }
}

/** Sends all; where the broker refuses a record for what it is, each delivery's records alone. */
async function publish<In, Out>(
  { stage, output }: StatelessEffectOptions<In, Out>,
  handled: readonly Encoded<In, Out>[],
): Promise<Verdict<In, Out>[]> {
  const topic = stage.produces?.name;
  const verdicts = handled.map(({ verdict }) => verdict);
  const all = handled.flatMap(({ records }) => records);
  if (all.length === 0) return verdicts;
  if (output === undefined || topic === undefined) {
    throw new FreshetError('stage_contract', `${stage.name} emits but names no topic`);
  }
  const send = (records: readonly ProducerRecord[]) =>
    output.producer.send([{ topic, records }]).catch(rethrowUnlessRefused);
  try {
    await send(all);
    return verdicts;
  } catch (error) {
    if (error instanceof TransientError) throw error;
  }
  for (const [at, { verdict, records }] of handled.entries()) {
    if (records.length === 0) continue;
    try {
      await send(records);
    } catch (error) {
      if (error instanceof TransientError) throw error;
      verdicts[at] = { ...verdict, outcome: unhandled(error) as Outcome<Out> };
    }
  }
  return verdicts;
}

const refusals = new Set(['record_too_large', 'record_invalid']);

/** Only a refusal of the record itself is the record's fault; a missing topic is mended by waiting for it. */
function rethrowUnlessRefused(error: unknown): never {
  if (error instanceof FreshetError && refusals.has(error.code)) throw error;
  return rethrowTransient('output_unpublishable')(error);
}

function rethrowTransient(code: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof TransientError) throw error;
    throw new TransientError(code, messageOf(error), { cause: error });
  };
}
