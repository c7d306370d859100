import type { OutboxSearched, StageFacts, TopicFacts, TraceFacts, VersionFacts } from './facts.ts';
import type { Verdict } from './verdict.ts';

const iso = (ms: number): string => new Date(ms).toISOString();
const line = (station: string, text: string): string => `  ${station.padEnd(12)} ${text}`;

/** For people: one line a station, in the order an event passes them, what was searched in vain included. */
export function traceLines(facts: TraceFacts, verdict: Verdict): string[] {
  const { eventId, namespace, event } = facts;
  return [
    `event ${eventId} of namespace ${namespace}${event ? `: ${eventText(event)}` : ''}`,
    ...facts.doors.map((door) => topicLine('handed in', door)),
    line('key', keyText(facts)),
    ...outboxLines(facts),
    ...facts.recorded.map((topic) => topicLine('recorded', topic)),
    ...(facts.enriched ? [topicLine('enriched', facts.enriched)] : []),
    ...facts.stages.map((stage) => line('stage', stageText(stage))),
    ...facts.letters.map((letter) =>
      line(
        'dead letter',
        `${letter.stage} of ${letter.topic}/${letter.partition} offset ${letter.offset}: ${letter.reason}, ${letter.message} (${letter.status}, last failed ${iso(letter.lastFailedAt)})`,
      ),
    ),
    ...facts.versions.flatMap(versionLines),
    ...facts.problems.map((problem) => line('NOT ASKED', problem)),
    `${verdict.state}: ${verdict.text}`,
  ];
}

function eventText({ kind, userId, itemId, type, receivedAt }: NonNullable<TraceFacts['event']>): string {
  const what = kind === 'impression' ? 'impression' : `${type}${itemId === null ? '' : ` of ${itemId}`}`;
  return `${what} by ${userId}, received ${iso(receivedAt)}`;
}

const keyText = ({ key }: TraceFacts): string =>
  key.isTaken ? `taken by a door, in window ${key.window}` : 'not taken: no door has accepted it within 30 days';

function topicLine(station: string, { topic, records, searchedRecords, since, isComplete }: TopicFacts): string {
  const searched = `${searchedRecords} records searched, ${isComplete ? '' : 'NOT ALL '}since ${iso(since)}`;
  if (records.length === 0) return line(station, `not in ${topic} (${searched})`);
  const where = records
    .slice(0, 5)
    .map(({ partition, offset, timestampMs }) => `${partition} offset ${offset} at ${iso(timestampMs)}`);
  const more = records.length > 5 ? ` and ${records.length - 5} more` : '';
  return line(station, `${topic}: partition ${where.join('; ')}${more}`);
}

function outboxLines({ outbox }: TraceFacts): string[] {
  const rows = outbox.rows.map(({ outbox: name, seq, shard, topic, createdAt, state, reason, relay }) => {
    const held = state === 'waiting' ? `, ${relay === null ? 'held by no relay' : `held by relay ${relay}`}` : '';
    return line(
      'outbox',
      `${name}: row ${seq} of shard ${shard} for ${topic}, created ${iso(createdAt)}, ${state}${reason ? ` (${reason})` : ''}${held}`,
    );
  });
  const vain = outbox.searched.filter(({ outbox: name }) => !outbox.rows.some((row) => row.outbox === name));
  return [...rows, ...vain.map((one) => line('outbox', `not in ${searchedText(one)}`))];
}

function searchedText({ outbox, rows, backTo, isComplete }: OutboxSearched): string {
  const reach = backTo === undefined ? 'it is empty' : `back to ${iso(backTo)}`;
  return `${outbox} (${rows} rows searched, ${isComplete ? '' : 'NOT ALL, '}${reach})`;
}

function stageText({ stage, stateVersion, topic, partition, offset, next, isPast, running }: StageFacts): string {
  const name = stateVersion === 0 ? stage : `${stage} of state version ${stateVersion}`;
  if (isPast) return `${name}: past it`;
  const where = next === null ? 'never started' : `at offset ${next}, ${offset - next} records before it`;
  const state = running === undefined ? 'run by nobody' : (running.paused ?? running.waitingFor ?? running.state);
  return `${name}: not yet, ${where} in ${topic}/${partition}, ${state}`;
}

function versionLines(version: VersionFacts): string[] {
  const { isActive, applied, profile, sessionId, activity, exposures, profileRecord, list } = version;
  const station = `state ${version.version}`;
  const times = applied === 0 ? 'not applied' : applied === 1 ? 'applied once' : `APPLIED ${applied} TIMES`;
  const touched = [
    profile &&
      `profile revision ${profile.revision}${profile.isLast ? ', its last event' : ''}${profile.isRecent ? ', among the recent' : ''}`,
    sessionId && `session ${sessionId}`,
    activity && `one of ${activity.count} counted in the hour from ${iso(activity.hour)}, segment ${activity.segment}`,
    exposures.length > 0 && `${exposures.length} exposures (${exposures[0]?.kind})`,
  ].filter((one) => typeof one === 'string');
  const at =
    profileRecord &&
    `${profileRecord.topic}: partition ${profileRecord.partition} offset ${profileRecord.offset} at ${iso(profileRecord.timestampMs)}`;
  return [
    line(station, [`${times}${isActive ? ', the active version' : ''}`, ...(applied > 0 ? touched : [])].join('; ')),
    ...(at && applied > 0 ? [line('profile', at)] : []),
    ...(list
      ? [
          line(
            'list',
            `of ${iso(list.computedAt)}, reflects ${list.reflects ? `${list.reflects.eventId} (${list.relation})` : 'nothing'}`,
          ),
        ]
      : []),
  ];
}
