import type { TopicDef } from '../../schemas/topic.ts';
import type { Codec } from '../broker/codec.ts';
import type { SubmitTopic } from '../kernel/submit-topics.ts';
import { jsonSubmissions } from '../stages/ingest/submissions.ts';
import type { RedriveTopic } from '../stages/redrive/examine.ts';
import type { Database } from '../stores/postgres/database.ts';
import { createPostgresDeadLetterActions } from '../stores/postgres/dead-letter-actions.ts';
import { createPostgresDeadLetters } from '../stores/postgres/dead-letters.ts';
import { installedTopics } from './installed-topics.ts';

/** What operators ask of dead letters and do with them, over Postgres. */
export function openDeadLetters(database: Database) {
  return { ...createPostgresDeadLetters(database), ...createPostgresDeadLetterActions(database) };
}

/** Every topic that letters may go to, with what its stages read it with. */
export function redriveTopics(
  submit: readonly SubmitTopic[],
  codec: Codec,
): (name: string) => RedriveTopic | undefined {
  const { all, avro } = installedTopics(submit);
  const registered = new Map<string, TopicDef>(avro.map((topic) => [topic.name, topic]));
  const topics = new Map(
    all.map((topic): [string, RedriveTopic] => {
      const known = registered.get(topic.name);
      const reader = known === undefined ? jsonSubmissions : codec.reader(known);
      return [topic.name, { name: topic.name, isCompacted: topic.cleanup !== 'delete', reader }];
    }),
  );
  return (name) => topics.get(name);
}
