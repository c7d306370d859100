import { createKafka, kafkaNames } from '../../pipeline/broker/kafka/client.ts';
import { createKafkaProducer } from '../../pipeline/broker/kafka/producer.ts';
import { createCodec } from '../../pipeline/broker/registry/codec.ts';
import { createHttpRegistry } from '../../pipeline/broker/registry/http-registry.ts';
import { systemClock } from '../../pipeline/kernel/clock.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { createLogger } from '../../pipeline/kernel/logger.ts';
import type { KafkaConnection, RegistryConnection } from '../../pipeline/kernel/server-connections.ts';
import type { SubmitTopic } from '../../pipeline/kernel/submit-topics.ts';
import { openDeadLetters } from '../../pipeline/main/dead-letters.ts';
import { type Database, openDatabase } from '../../pipeline/stores/postgres/database.ts';
import type { DeadLetterVerbs } from '../../serving/admin/verbs.ts';

export interface Servers {
  readonly postgresUrl: string;
  /** Found only when something is sent. */
  readonly kafka: () => KafkaConnection;
  /** Found only when something is decoded. */
  readonly registry: () => RegistryConnection;
  readonly topicPrefix: string;
  readonly submit: readonly SubmitTopic[];
}

/**
 * The verbs over real servers; those that a verb does not need are not asked for. Throws FreshetError
 * `dead_letters_missing` where the database has no dead letters, or older ones.
 */
export async function withLetters<T>(servers: Servers, work: (verbs: DeadLetterVerbs) => Promise<T>): Promise<T> {
  const database = openDatabase({ url: servers.postgresUrl, maxConnections: 3, onIdleError: () => undefined });
  let closeProducer = async () => {};
  try {
    await mustHaveLetters(database);
    const registry = lazily(() => createHttpRegistry(servers.registry()));
    const producer = lazily(() => {
      const opened = openProducer(servers);
      closeProducer = opened.close;
      return opened;
    });
    const codec = createCodec({
      registry: { schemaById: (id) => registry().schemaById(id), idOf: (...of) => registry().idOf(...of) },
      clock: systemClock,
    });
    const send = (...batch: Parameters<ReturnType<typeof producer>['send']>) => producer().send(...batch);
    const config = { FRESHET_SUBMIT_TOPICS: servers.submit };
    return await work(openDeadLetters({ database, producer: { send }, codec, clock: systemClock, config }));
  } finally {
    await closeProducer();
    await database.close();
  }
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function openProducer({ kafka: connection, topicPrefix }: Servers) {
  const kafka = createKafka({ ...connection(), clientId: 'freshet-dlq', log: createLogger('error') });
  return createKafkaProducer({ kafka, names: kafkaNames(topicPrefix), clock: systemClock });
}

async function mustHaveLetters(database: Database): Promise<void> {
  const [found] = await database.query<{ current: boolean }>({
    text: `SELECT EXISTS (SELECT FROM information_schema.columns
            WHERE table_schema = 'freshet' AND table_name = 'dead_letter' AND column_name = 'actions') AS current`,
  });
  if (found?.current) return;
  throw new FreshetError('dead_letters_missing', 'this database has no dead letters; run `npx freshet migrate up`');
}
