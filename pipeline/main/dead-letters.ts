import type { TopicDef } from '../../schemas/topic.ts';
import type { Codec } from '../broker/codec.ts';
import type { Producer } from '../broker/producer.ts';
import type { Clock } from '../kernel/clock.ts';
import type { SubmitTopic } from '../kernel/submit-topics.ts';
import { jsonSubmissions } from '../stages/ingest/submissions.ts';
import { discard } from '../stages/redrive/discard.ts';
import type { RedriveTopic } from '../stages/redrive/examine.ts';
import { look } from '../stages/redrive/look.ts';
import { type RedriveRequest, redrive, rehearse } from '../stages/redrive/redrive.ts';
import type { RunRequest } from '../stages/redrive/run.ts';
import type { Actor, DeadLetterKey } from '../stores/dead-letter.ts';
import type { Database } from '../stores/postgres/database.ts';
import { createPostgresDeadLetterActions } from '../stores/postgres/dead-letter-actions.ts';
import { createPostgresDeadLetters } from '../stores/postgres/dead-letters.ts';
import { installedTopics } from './installed-topics.ts';

export interface DeadLetterDeps {
  readonly database: Database;
  readonly producer: Pick<Producer, 'send'>;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly config: { readonly FRESHET_SUBMIT_TOPICS: readonly SubmitTopic[] };
}

/** What operators do with dead letters, over what is real: `DeadLetterVerbs` of serving. */
export function openDeadLetters({ database, producer, codec, clock, config }: DeadLetterDeps) {
  const questions = createPostgresDeadLetters(database);
  const letters = { ...questions, ...createPostgresDeadLetterActions(database) };
  const topicOf = redriveTopics(config.FRESHET_SUBMIT_TOPICS, codec);
  const deps = { letters, producer, clock, topicOf };
  return {
    ...questions,
    async show(key: DeadLetterKey) {
      const [letter] = await questions.find([key]);
      if (letter === undefined) return undefined;
      const [seen, history] = await Promise.all([
        look(letter, topicOf(letter.topic)),
        questions.history(letter.actions),
      ]);
      return { letter, look: seen, history };
    },
    rehearse: (request: RedriveRequest) => rehearse(deps, request),
    redrive: (request: RedriveRequest, actor: Actor) => redrive(deps, request, actor),
    discard: (request: RunRequest, actor: Actor) => discard(deps, request, actor),
  };
}

/** Values without a schema are what was written. */
const json: Pick<RedriveTopic, 'reader' | 'written'> = {
  reader: jsonSubmissions,
  async written(bytes, headers) {
    const result = await jsonSubmissions.read(bytes, headers);
    return result.ok ? { ok: true, value: result.value.input, schema: null, writerSchemaId: null } : result;
  },
};

/** Every topic that letters may go to, with what its stages read it with. */
function redriveTopics(submit: readonly SubmitTopic[], codec: Codec): (name: string) => RedriveTopic | undefined {
  const { all, avro } = installedTopics(submit);
  const registered = new Map<string, TopicDef>(avro.map((topic) => [topic.name, topic]));
  const topics = new Map(
    all.map((topic): [string, RedriveTopic] => {
      const known = registered.get(topic.name);
      const format = known === undefined ? json : { reader: codec.reader(known), written: codec.written };
      return [topic.name, { name: topic.name, isCompacted: topic.cleanup !== 'delete', ...format }];
    }),
  );
  return (name) => topics.get(name);
}
