import { z } from 'zod';

/** How the values of a topic are written that services hand events in by. */
const submitFormats = ['avro', 'json'] as const;

export interface SubmitTopic {
  /** Without the installation's prefix. */
  readonly name: string;
  readonly format: (typeof submitFormats)[number];
}

export const defaultSubmitTopics = 'engagement.interaction.submitted.v1=avro,engagement-events=json';

/** Kafka allows 249 characters; prefix, stage and registry add theirs. */
const nameLimit = 180;

function problemOf(name: string, format: string | undefined, others: readonly SubmitTopic[]): string | undefined {
  if (name.length > nameLimit) return `a topic's name has at most ${nameLimit} characters`;
  if (!/^[a-zA-Z0-9._-]+$/.test(name) || /^\.+$/.test(name)) {
    return `"${name}" is no topic's name: letters, digits and . _ - are allowed`;
  }
  if (name.endsWith('.dlq')) return `${name} holds dead letters, not events`;
  if (format === undefined) return `${name} has no format: write ${name}=avro or ${name}=json`;
  if (!submitFormats.some((one) => one === format)) {
    return `${name} has the unknown format "${format}": there are ${submitFormats.join(' and ')}`;
  }
  return others.some((one) => one.name === name) ? `${name} is named twice` : undefined;
}

/** `name=format`, comma separated; `none` for no topic at all. */
export const submitTopicsSchema = z.string().transform((text, context) => {
  const topics: SubmitTopic[] = [];
  if (text.trim() === 'none') return topics as readonly SubmitTopic[];
  for (const entry of text.split(',')) {
    const [name = '', format, ...rest] = entry.split('=').map((part) => part.trim());
    const problem = problemOf(name, rest.length > 0 ? [format, ...rest].join('=') : format, topics);
    if (problem !== undefined) {
      context.addIssue({ code: 'custom', message: problem });
      return z.NEVER;
    }
    topics.push({ name, format: format as SubmitTopic['format'] });
  }
  return topics as readonly SubmitTopic[];
});

/** As the variable would have it. */
export const submitTopicsText = (topics: readonly SubmitTopic[]): string =>
  topics.length === 0 ? 'none' : topics.map(({ name, format }) => `${name}=${format}`).join(',');
