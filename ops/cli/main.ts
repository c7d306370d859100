import { Command } from 'commander';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { ConfigError } from '../../pipeline/kernel/variables.ts';
import { moduleProblem } from './module-problem.ts';
import { productVersion } from './report.ts';

interface Entry {
  readonly description: string;
  readonly load: () => Promise<Command>;
}

/** Every command; its module is read only when it is the one that runs. */
const commands: Readonly<Record<string, Entry>> = {
  demo: {
    description: 'the main job on a real click log, judged',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
  bench: {
    description: 'figures of this machine, beside those of peers',
    load: async () => (await import('./bench.ts')).benchCommand(),
  },
  chaos: {
    description: 'kill, stop and cut what runs, and count every event',
    load: async () => (await import('./chaos.ts')).chaosCommand(),
  },
  run: {
    description: 'run roles in this process',
    load: async () => (await import('./run.ts')).runCommand(),
  },
  stack: {
    description: 'Postgres, Kafka, the schema registry and Redis for this checkout',
    load: async () => (await import('./stack.ts')).stackCommand(),
  },
  migrate: {
    description: 'numbered, immutable SQL migrations',
    load: async () => (await import('./migrate.ts')).migrateCommand(),
  },
  check: {
    description: 'everything that must hold for a change to land',
    load: async () => (await import('./check.ts')).checkCommand(),
  },
  schemas: {
    description: 'record schemas: generate, check, record, apply',
    load: async () => (await import('./schemas.ts')).schemasCommand(),
  },
  topics: {
    description: 'the catalogue of topics compared with a cluster',
    load: async () => (await import('./topics.ts')).topicsCommand(),
  },
  outbox: {
    description: 'state of an outbox, records set aside, comparison with the topics, move to another cluster',
    load: async () => (await import('./outbox.ts')).outboxCommand(),
  },
  rebuild: {
    description: 'state anew beside the live one: build, compare, promote, roll back',
    load: async () => (await import('./rebuild.ts')).rebuildCommand(),
  },
  backfill: {
    description: 'have the list of every user made again',
    load: async () => (await import('./backfill.ts')).backfillCommand(),
  },
  replay: {
    description: 'let a stage read part of its topics again',
    load: async () => (await import('./replay.ts')).replayCommand(),
  },
  resume: {
    description: 'let partitions go on that a stage has paused',
    load: async () => (await import('./replay.ts')).resumeCommand(),
  },
  trace: {
    description: 'where one event is and what it did',
    load: async () => (await import('./trace.ts')).traceCommand(),
  },
  dlq: {
    description: 'dead letters: what is there and why, one of them, redrive, discard',
    load: async () => (await import('./dlq.ts')).dlqCommand(),
  },
  keys: {
    description: 'keys of clients: create, list, rotate, revoke',
    load: async () => (await import('./keys.ts')).keysCommand(),
  },
  docs: {
    description: 'the generated parts of README.md and .env.example',
    load: async () => (await import('./docs.ts')).docsCommand(),
  },
};

async function createProgram(name: string | undefined): Promise<Command> {
  const program = new Command('freshet')
    .description('A real-time recommendation pipeline that proves no event was lost on the way.')
    .version(productVersion());
  for (const [one, { description, load }] of Object.entries(commands)) {
    program.addCommand(one === name ? await load() : new Command(one).description(description));
  }
  return program;
}

/** What went wrong, for a person: foreseen errors in words, all others with their stack and causes. */
function describe(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  if (!(error instanceof FreshetError)) {
    return moduleProblem(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  const { cause: from } = error;
  const cause = from instanceof Error && !error.message.includes(from.message) ? `\ncaused by: ${from.message}` : '';
  return `${error.message} (${error.code})${cause}`;
}

try {
  await (await createProgram(process.argv[2])).parseAsync();
} catch (error) {
  process.stderr.write(`freshet: ${describe(error)}\n`);
  process.exitCode = 1;
}
