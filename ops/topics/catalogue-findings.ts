import {
  type CatalogueTopic,
  type Cleanup,
  compatibilityLevels,
  subjectOf,
  type TopicDef,
} from '../../schemas/topic.ts';
import type { Finding } from '../schemas/finding.ts';

const namePattern = /^[a-z]+\.[a-z]+\.[a-z]+\.v[1-9][0-9]*$/;
/** Unframed JSON goes by a name that other systems may know; it says nothing of a version. */
const jsonPattern = /^[a-z]+(-[a-z]+)*$/;
const deadLetterPattern = /^[a-zA-Z0-9._-]+\.[a-z]+(-[a-z]+)*\.dlq$/;
const peoplePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const cleanups: readonly Cleanup[] = ['delete', 'compact', 'compact,delete'];
/** Kafka's limit on names, which the subject has to keep too. */
const longestName = 249;
const leastMessageBytes = 1_024;

type Report = (member: string, consequence: string, remedy: string) => void;

/** What is wrong with catalogue entries in themselves; the offline half of `topics doctor`. */
export function catalogueFindings(topics: readonly CatalogueTopic[]): Finding[] {
  const findings: Finding[] = [];
  const names = new Set<string>();
  for (const topic of topics) {
    const report: Report = (member, consequence, remedy) =>
      void findings.push({
        file: 'schemas/topics.ts',
        path: `${topic.name}.${member}`,
        rule: 'topic',
        consequence,
        remedy,
      });
    if (names.has(topic.name)) {
      report(
        'name',
        `is in the catalogue twice: one subject, ${subjectOf(topic)}, would have two schemas`,
        'rename one',
      );
    }
    names.add(topic.name);
    lookAtName(topic, report);
    lookAtLog(topic, report);
    lookAtPeople(topic, report);
    lookAtSchema(topic, report);
    const { carries } = topic as Partial<TopicDef>;
    if (carries !== undefined && !topics.some(({ name }) => name === carries)) {
      report('carries', `there is no topic ${carries}`, 'name the topic whose records are passed on');
    }
  }
  return findings;
}

function lookAtName(topic: CatalogueTopic, report: Report): void {
  const { name } = topic;
  const pattern = 'schema' in topic ? namePattern : jsonPattern;
  const isNamed = topic.isForeign || pattern.test(name) || deadLetterPattern.test(name);
  const wanted = 'schema' in topic ? '<domain>.<entity>.<past-tense verb>.v<n>' : 'words in lower case, joined by -';
  if (!isNamed) report('name', 'does not say what the topic is about, and in which version', `call it ${wanted}`);
  if (subjectOf(topic).length > longestName) {
    report('name', `has a subject of more than ${longestName} characters`, 'shorten it');
  }
}

function lookAtLog({ partitions, cleanup, retentionMs, maxMessageBytes }: CatalogueTopic, report: Report): void {
  if (![1, 2, 4, 8].includes(partitions) && (partitions < 16 || partitions % 16 !== 0)) {
    report(
      'partitions',
      `${partitions} partitions do not share the outbox's 16 shards`,
      'take 1, 2, 4, 8 or a multiple of 16',
    );
  }
  if (!cleanups.includes(cleanup)) {
    report('cleanup', `${cleanup} is no cleanup policy`, `take ${cleanups.join(' or ')}`);
  } else if (cleanup === 'compact' && retentionMs !== -1) {
    report('retentionMs', `keeps ${retentionMs} ms, but what is compacted has no age`, 'say -1, or "compact,delete"');
  } else if (cleanup !== 'compact' && retentionMs <= 0) {
    report('retentionMs', `keeps ${retentionMs} ms, so records are never deleted`, 'give a time in milliseconds');
  }
  if (maxMessageBytes < leastMessageBytes) {
    report('maxMessageBytes', `allows only ${maxMessageBytes} bytes a batch`, `allow ${leastMessageBytes} or more`);
  }
}

function lookAtPeople(topic: CatalogueTopic, report: Report): void {
  const { retired } = topic;
  for (const text of ['key', 'retentionReason'] as const) {
    if (topic[text].trim() === '') report(text, `gives no ${text}, and nobody will know it later`, 'say it in words');
  }
  if (retired) {
    // Consumers that read it to its end still set aside what they cannot handle.
    if (topic.producers.length > 0 && !topic.name.endsWith('.dlq')) {
      const consequence = `is retired, but ${topic.producers.join(', ')} still write to it`;
      report('producers', consequence, 'stop them and make the list empty, or take `retired` away');
    }
    if (!/^\d{4}-\d{2}-\d{2}$/.test(retired.since) || retired.reason.trim() === '') {
      report('retired', 'does not say since when and why', 'give `since` as YYYY-MM-DD and a `reason`');
    }
    return;
  }
  for (const ends of ['producers', 'consumers'] as const) {
    if (topic[ends].length > 0) continue;
    report(ends, `names no ${ends}`, 'name them, or end the topic with `freshet schemas retire`');
  }
  for (const name of [...topic.producers, ...topic.consumers].filter((one) => !peoplePattern.test(one))) {
    const remedy = 'write it in lower case, words joined by -';
    report('consumers', `\`${name}\` is no name of a stage, door or client: topics and groups are named by it`, remedy);
  }
  const both = topic.producers.filter((name) => topic.consumers.includes(name));
  if (both.length > 0) {
    report('consumers', `${both.join(', ')} would consume what it writes, without end`, 'take it off one of the lists');
  }
}

function lookAtSchema(topic: CatalogueTopic, report: Report): void {
  const { compatibility } = topic as Partial<TopicDef>;
  if (compatibility === undefined) return;
  if (!compatibilityLevels.includes(compatibility.level)) {
    report('compatibility', `${compatibility.level} is no level`, `take one of ${compatibilityLevels.join(', ')}`);
  }
  if (compatibility.reason.trim() === '') {
    report('compatibility', `gives no reason for ${compatibility.level}`, 'say why FULL_TRANSITIVE does not do');
  }
}
