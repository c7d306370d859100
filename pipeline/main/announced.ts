import type { Component } from '../kernel/component.ts';
import type { RunnerStatus } from '../kernel/runner/options.ts';
import { runnerName } from '../kernel/runner/runner.ts';
import type { TopicRef } from '../kernel/stage.ts';
import type { ProcessContext } from './resources.ts';

interface NamedStage {
  readonly name: string;
  readonly stateVersion: number;
  readonly consumes: readonly TopicRef[];
}

/** Says from its start on that a stage is about to join, whatever it still waits for; until its runner speaks itself. */
export function announced(
  { onStage }: Pick<ProcessContext, 'onStage'>,
  { stage, part }: { readonly stage: NamedStage; readonly part?: string | undefined },
  component: Component,
): Component {
  const name = runnerName({ stage, ...(part === undefined ? {} : { part }) });
  return {
    name: component.name,
    async start(fail) {
      onStage(name, () => joining(name, stage));
      const running = await component.start(fail);
      return {
        unready: () => running.unready?.(),
        async stop() {
          await running.stop();
          onStage(name, undefined);
        },
      };
    },
  };
}

const joining = (name: string, { name: stage, stateVersion, consumes }: NamedStage): RunnerStatus => ({
  stage,
  name,
  stateVersion,
  topics: consumes.map((topic) => topic.name),
  state: 'joining',
  partitions: [],
  counts: { processed: 0, skipped: {}, deadLettered: {} },
  batches: { count: 0, records: 0, lastRecords: 0, lastMs: 0 },
});
