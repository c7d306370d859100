import { type CatalogueTopic, type Cleanup, subjectOf } from '../../schemas/topic.ts';

const namePattern = /^[a-z]+\.[a-z]+\.[a-z]+\.v[1-9][0-9]*$/;
/** Unframed JSON goes by a name that other systems may know; it says nothing of a version. */
const jsonPattern = /^[a-z]+(-[a-z]+)*$/;
const deadLetterPattern = /^[a-zA-Z0-9._-]+\.[a-z]+(-[a-z]+)*\.dlq$/;
const cleanups: readonly Cleanup[] = ['delete', 'compact', 'compact,delete'];

/** What is wrong with catalogue entries in themselves, one line each; the offline half of `topics doctor`. */
export function catalogueProblems(topics: readonly CatalogueTopic[]): string[] {
  const names = new Set<string>();
  return topics.flatMap((topic) => {
    const problems = topicProblems(topic);
    if (names.has(topic.name)) problems.push('is in the catalogue twice');
    names.add(topic.name);
    return problems.map((problem) => `${topic.name}: ${problem}`);
  });
}

function topicProblems(topic: CatalogueTopic): string[] {
  const problems: string[] = [];
  const { name, partitions, cleanup, retentionMs } = topic;
  const pattern = 'schema' in topic ? namePattern : jsonPattern;
  const isNamed = topic.isForeign || pattern.test(name) || deadLetterPattern.test(name);
  if (!isNamed) problems.push('is not named <domain>.<entity>.<past-tense verb>.v<n> or <topic>.<stage>.dlq');
  if (subjectOf(topic).length > 249) problems.push('has a name beyond 249 characters');
  if (![1, 2, 4, 8].includes(partitions) && (partitions < 16 || partitions % 16 !== 0)) {
    problems.push(`has ${partitions} partitions, not 1, 2, 4, 8 or a multiple of 16`);
  }
  if (!cleanups.includes(cleanup)) problems.push(`has the unknown cleanup policy ${cleanup}`);
  if (cleanup === 'compact' ? retentionMs !== -1 : retentionMs <= 0) {
    problems.push(`keeps ${retentionMs} ms under cleanup policy ${cleanup}`);
  }
  for (const text of ['key', 'retentionReason'] as const)
    if (topic[text].trim() === '') problems.push(`gives no ${text}`);
  for (const ends of ['producers', 'consumers'] as const)
    if (topic[ends].length === 0) problems.push(`names no ${ends}`);
  if (topic.maxMessageBytes < 1_024) problems.push(`allows only ${topic.maxMessageBytes} bytes a batch`);
  return problems;
}
