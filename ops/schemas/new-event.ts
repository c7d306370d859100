import { FreshetError } from '../../pipeline/kernel/errors.ts';
import type { AvroField, AvroObject } from './avro-json.ts';
import type { TopicEntry } from './catalogue-text.ts';
import { parseFieldText } from './field-text.ts';

export interface NewEvent {
  /** `<domain>.<entity>.<past-tense verb>`, with `.v<n>` where it is not the first version. */
  readonly name: string;
  /** What one record says. */
  readonly doc: string;
  /** As `parseFieldText` reads them, beside those that every event has. */
  readonly fields: readonly { readonly text: string; readonly doc: string }[];
  /** Text of the version of the topic before, whose fields are the start. */
  readonly previous: string | undefined;
}

const pattern = /^([a-z]+)\.([a-z]+)\.([a-z]+)(?:\.v([1-9]\d*))?$/;

/** Names that follow from the topic's. Throws FreshetError `topic_invalid`. */
export function eventNames(name: string): Pick<TopicEntry, 'name' | 'record' | 'module'> {
  const [, domain, entity, verb, version = '1'] = pattern.exec(name) ?? [];
  if (domain === undefined || entity === undefined || verb === undefined) {
    const wanted = '<domain>.<entity>.<past-tense verb>, such as engagement.review.written';
    throw new FreshetError('topic_invalid', `${name} is no name of a topic: write ${wanted}`);
  }
  const pascal = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
  return {
    name: `${domain}.${entity}.${verb}.v${version}`,
    record: `${pascal(entity)}${pascal(verb)}`,
    module: `${entity}-${verb}.v${version}`,
  };
}

const millis = { type: 'long', logicalType: 'timestamp-millis' };

/** What tells one event from another, whose it is and when it was: without these nothing downstream can count once. */
const common: readonly AvroField[] = [
  { name: 'event_id', type: 'string', doc: 'Id given by the producer; the same event has the same id.' },
  { name: 'namespace', type: 'string', doc: 'Tenant.' },
  { name: 'user_id', type: 'string', doc: 'User; the second part of the record key.' },
  { name: 'occurred_at', type: millis, doc: 'When it happened, milliseconds since the epoch.' },
];

/** The schema's text of a new event. Throws FreshetError `field_invalid`. */
export function newEventText({ name, doc, fields, previous }: NewEvent): string {
  const { record } = eventNames(name);
  const start =
    previous === undefined
      ? { type: 'record', name: record, namespace: 'freshet', doc, fields: common }
      : { ...(JSON.parse(previous) as AvroObject), doc };
  const added = fields.map(({ text, doc: meaning }) => {
    const { path, field } = parseFieldText(text, meaning);
    if (path.length === 0) return field;
    throw new FreshetError(
      'field_invalid',
      `${text}: a new event has no record ${path.join('.')} yet; name its fields alone`,
    );
  });
  return `${JSON.stringify({ ...start, fields: [...(start.fields ?? []), ...added] }, null, 2)}\n`;
}
