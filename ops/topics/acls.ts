import type { CatalogueTopic } from '../../schemas/topic.ts';

export interface AclCommand {
  /** Stage, door or client, as the catalogue names it. */
  readonly who: string;
  readonly command: string;
}

/** Written by the relay alone, whoever appended the record to an outbox. */
const outboxWriters: ReadonlySet<string> = new Set(['ingest', 'intake', 'aggregation', 'outbox-writer']);
/** Those whose dead letters go through the outbox, as all that they write. */
const stateful: ReadonlySet<string> = new Set(['intake', 'aggregation', 'exposure']);

/**
 * What a cluster with ACLs has to allow, least first: a principal for each stage and one for the relay, which writes what
 * comes by an outbox. Groups are named after stages, those of versions of state with a suffix, so they go by prefix.
 */
export function aclCommands(topics: readonly CatalogueTopic[], prefix: string): AclCommand[] {
  const commands = new Map<string, AclCommand>();
  const allow = (who: string, rest: string) => {
    const command = `kafka-acls --bootstrap-server "$BROKERS" --add --allow-principal User:${who} ${rest}`;
    commands.set(command, { who, command });
  };
  for (const { name, producers, consumers } of topics) {
    const isLetters = name.endsWith('.dlq');
    const topic = `--topic ${prefix}${name}`;
    for (const producer of producers) {
      const byOutbox = isLetters ? stateful.has(producer) : outboxWriters.has(producer);
      allow(byOutbox ? 'relay' : producer, `--operation Write --operation Describe ${topic}`);
    }
    for (const consumer of consumers) {
      allow(consumer, `--operation Read --operation Describe ${topic}`);
      allow(consumer, `--operation Read --group ${prefix}freshet.${consumer} --resource-pattern-type prefixed`);
    }
  }
  return [...commands.values()].sort((a, b) => (a.who < b.who ? -1 : a.who > b.who ? 1 : 0));
}
