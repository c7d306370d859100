import type { DeadLetter } from '../../schemas/generated/dead-letter.v1.ts';
import type { InteractionSubmitted } from '../../schemas/generated/interaction-submitted.v1.ts';
import type { CatalogueTopic, TopicDef } from '../../schemas/topic.ts';
import {
  avroTopics,
  deadLetterTopic,
  deadLetterTopics,
  jsonTopics,
  sourceTopics,
  topics,
} from '../../schemas/topics.ts';
import { FreshetError } from '../kernel/errors.ts';
import type { SubmitTopic } from '../kernel/submit-topics.ts';

/** A topic that services hand events in by. */
export type SubmitDoor =
  | { readonly format: 'avro'; readonly topic: TopicDef<InteractionSubmitted> }
  | { readonly format: 'json'; readonly topic: CatalogueTopic };

/** The catalogue, and what an installation's configuration adds to it. */
export interface InstalledTopics {
  readonly doors: readonly SubmitDoor[];
  readonly deadLetters: readonly TopicDef<DeadLetter>[];
  /** The topics whose values are Avro. */
  readonly avro: readonly TopicDef[];
  readonly all: readonly CatalogueTopic[];
}

/** Throws FreshetError `submit_topic_refused` where a topic that is there for something else is to be read. */
export function installedTopics(submit: readonly SubmitTopic[]): InstalledTopics {
  const doors = submit.map(doorOf);
  const added = doors.filter(({ topic }) => topic.isForeign);
  const letters = added.flatMap(({ topic }) => topic.consumers.map((stage) => deadLetterTopic(topic, stage)));
  const addedAvro = added.flatMap((door) => (door.format === 'avro' ? [door.topic as TopicDef] : []));
  return {
    doors,
    deadLetters: [...deadLetterTopics, ...letters],
    avro: [...avroTopics, ...addedAvro, ...(letters as readonly TopicDef[])],
    all: [...sourceTopics, ...added.map(({ topic }) => topic), ...deadLetterTopics, ...letters],
  };
}

const catalogued = {
  avro: topics.interactionSubmitted,
  json: jsonTopics.engagementEvents,
} as const;

function doorOf({ name, format }: SubmitTopic): SubmitDoor {
  const own = sourceTopics.find((topic) => topic.name === name);
  const model = catalogued[format];
  if (own === undefined)
    return { format, topic: { ...model, name, producers: ['client'], isForeign: true } } as SubmitDoor;
  if (own === model) return { format, topic: model } as SubmitDoor;
  const isDoor = Object.values(catalogued).some((topic) => topic === own);
  const why = isDoor ? `holds ${format === 'avro' ? 'JSON' : 'Avro'}, not ${format}` : 'is written by Freshet itself';
  throw new FreshetError(
    'submit_topic_refused',
    `FRESHET_SUBMIT_TOPICS: ${name} ${why}; name another topic, or leave the variable out`,
    { fields: { topic: name } },
  );
}
