import { topics } from '../../schemas/topics.ts';
import type { LetterFacts, OutboxRowFacts, StageFacts, TopicFacts, TraceFacts, VersionFacts } from './facts.ts';

/** Exit code of the command. */
export const exitCodes = { done: 0, 'not found': 3, 'on its way': 4, 'set aside': 5 } as const;

export interface Verdict {
  readonly state: keyof typeof exitCodes;
  /** One sentence, and what to do where something is to be done. */
  readonly text: string;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** What all the facts come to, from the last station back: how far the event came decides. */
export function verdictOf(facts: TraceFacts): Verdict {
  return (
    neverSeen(facts) ??
    setAside(facts) ??
    parked(facts) ??
    counted(facts) ??
    atStage(facts) ??
    atOutbox(facts) ??
    lost(facts)
  );
}

const recordsOf = (found: readonly TopicFacts[]) => found.flatMap(({ records }) => records);

function neverSeen(facts: TraceFacts): Verdict | undefined {
  const { key, outbox, doors, recorded, letters, versions, problems } = facts;
  const isSeen =
    key.isTaken || outbox.rows.length > 0 || recordsOf([...doors, ...recorded]).length > 0 || letters.length > 0;
  if (isSeen || versions.some(({ applied }) => applied > 0)) return undefined;
  const partly = [
    ...outbox.searched.filter(({ isComplete }) => !isComplete),
    ...doors.filter(({ isComplete }) => !isComplete),
  ];
  const doubt =
    partly.length > 0 || problems.length > 0
      ? ' Not everything could be searched, see above: give --user, a later --since or a longer --within.'
      : '';
  const text = `never seen: its key was not taken by any door, it is in no outbox, no ingest topic and no dead letter that was searched.${doubt}`;
  return { state: 'not found', text };
}

function setAside({ letters, eventId }: TraceFacts): Verdict | undefined {
  const open = letters.filter(({ status }) => status === 'open');
  const [letter] = open;
  if (letter === undefined) return undefined;
  const others = open.length > 1 ? ` (and ${open.length - 1} more)` : '';
  const which = letter.hasEventId ? `--event-id ${eventId}` : `--stage ${letter.stage} --reason ${letter.reason}`;
  const todo = `look with \`npx freshet dlq list ${which}\`, mend the cause, then \`npx freshet dlq redrive ${which} --because TEXT\``;
  return {
    state: 'set aside',
    text: `${letterText(letter)}${others}; ${todo}`,
  };
}

const letterText = ({ stage, stateVersion, reason, message, redriveCount }: LetterFacts): string => {
  const version = stateVersion === 0 ? '' : ` of state version ${stateVersion}`;
  const again = redriveCount > 0 ? `, redriven ${redriveCount} times` : '';
  return `dead letter of ${stage}${version}: ${reason}, ${message}${again}`;
};

function parked({ outbox }: TraceFacts): Verdict | undefined {
  const row = outbox.rows.find(({ state }) => state === 'parked');
  if (row === undefined) return undefined;
  const text = `set aside by the relay (${row.reason}): mend the cause, then \`npx freshet outbox parked redrive ${row.seq} --because TEXT\``;
  return { state: 'set aside', text };
}

/** In every version's state; what remains to ask is the list. */
function counted(facts: TraceFacts): Verdict | undefined {
  const { versions, event } = facts;
  const active = versions.find(({ isActive }) => isActive);
  if (active === undefined || active.applied === 0) return undefined;
  const again = duplicates(facts);
  const behind = versions.filter(({ applied }) => applied === 0);
  const count = `counted once in state version ${versionsText(versions.filter(({ applied }) => applied > 0))}${again}`;
  const late = behind.map(({ version }) => {
    const stage = upToState(facts.stages).find((one) => one.stateVersion === version && !one.isPast);
    return stage ? waits(stage) : `not in state version ${version}`;
  });
  if (late.length > 0) return { state: 'on its way', text: `${count}; ${late.join('; ')}` };
  if (active.applied > 1) return { state: 'set aside', text: `counted ${active.applied} times: this must not be` };
  if (event?.kind === 'impression') return { state: 'done', text: `${count}; ${active.exposures.length} exposures` };
  if (event?.consent === 'none') return { state: 'done', text: `${count}; without consent it is in no list` };
  return listVerdict(active, count, facts);
}

/** Lists come after state. */
const upToState = (stages: readonly StageFacts[]) => stages.filter(({ stage }) => stage !== 'candidates');

const versionsText = (versions: readonly VersionFacts[]): string => versions.map(({ version }) => version).join(', ');

function duplicates({ recorded, doors, outbox }: TraceFacts): string {
  const records = recordsOf(recorded).length;
  const handedIn = recordsOf(doors).length;
  const first = outbox.rows.find(({ topic }) => topic === topics.interactionRecorded.name);
  const published = records > 1 ? `; published ${records} times, the rest are duplicates` : '';
  if (handedIn < 2 && !(handedIn === 1 && isLater(doors, first))) return published;
  const since = first === undefined ? '' : ` of what was accepted at ${iso(first.createdAt)}`;
  return `${published}; handed in ${handedIn > 1 ? `${handedIn} times` : 'again'} by topic, duplicate${since}`;
}

/** What came by the topic after the event was accepted was not what was accepted. */
function isLater(doors: readonly TopicFacts[], first: OutboxRowFacts | undefined): boolean {
  return first !== undefined && recordsOf(doors).some(({ timestampMs }) => timestampMs > first.createdAt);
}

function listVerdict({ version, list }: VersionFacts, count: string, facts: TraceFacts): Verdict {
  const { event, problems, stages } = facts;
  if (event === undefined)
    return {
      state: 'done',
      text: `${count}; its records lie outside what was searched, so its list was not looked at`,
    };
  switch (list?.relation) {
    case 'this event':
      return { state: 'done', text: `${count}; list reflects it since ${iso(list.computedAt)}` };
    case 'a later one':
      return {
        state: 'done',
        text: `${count}; list of ${iso(list.computedAt)} reflects a later event of the user, ${list.reflects?.eventId}`,
      };
    case 'an earlier one':
    case 'none':
    case undefined: {
      if (problems.some((problem) => problem.startsWith('Redis')))
        return { state: 'done', text: `${count}; Redis was not asked` };
      const candidates = stages.find(({ stage, stateVersion }) => stage === 'candidates' && stateVersion === version);
      const why =
        candidates === undefined
          ? 'its profile is not published yet: see the outbox (`npx freshet outbox status`)'
          : candidates.isPast
            ? 'candidates has passed its profile, and no list reflects it'
            : waits(candidates);
      return { state: 'on its way', text: `${count}; not in a list yet: ${why}` };
    }
  }
}

/** The first stage that has not passed its record; one that has, and left nothing, says so. */
function atStage(facts: TraceFacts): Verdict | undefined {
  const stages = upToState(facts.stages);
  const taken = facts.key.isTaken;
  const waiting = stages.find((one) => !one.isPast && !(taken && one.stage === 'intake'));
  if (waiting !== undefined) return { state: 'on its way', text: waits(waiting) };
  const last = stages.filter((one) => !(taken && one.stage === 'intake')).at(-1);
  if (last === undefined) return undefined;
  const where = `${last.topic}/${last.partition} offset ${last.offset}`;
  const redriven = facts.letters.some(({ status }) => status === 'redriven');
  if (redriven)
    return { state: 'on its way', text: `its dead letter was redriven and has not come back to ${last.stage} yet` };
  const discarded = facts.letters.find(({ status }) => status === 'discarded');
  if (discarded !== undefined) return { state: 'done', text: `${letterText(discarded)}; it was discarded` };
  const text = `${last.stage} went past ${where} and nothing of it was found behind: it was skipped, or its dead letter is not indexed yet (${last.topic}.${last.stage}.dlq)`;
  return { state: 'on its way', text };
}

function waits({ stage, stateVersion, topic, partition, offset, next, running }: StageFacts): string {
  const version = stateVersion === 0 ? '' : ` of state version ${stateVersion}`;
  const before = next === null ? '' : `, ${offset - next} records before it`;
  return `waits in ${topic}/${partition} at offset ${offset} for ${stage}${version}${before}: ${whyStanding(stage, running)}`;
}

function whyStanding(stage: string, running: StageFacts['running']): string {
  if (running === undefined) return 'no process runs that stage; start one with its role';
  const { state, paused, waitingFor } = running;
  if (paused !== null)
    return `the partition is paused (${paused}); mend the cause, then \`npx freshet resume --stage ${stage} --because TEXT\``;
  if (waitingFor !== null) return `the partition waits: ${waitingFor}`;
  return state === 'running' ? 'the stage is running' : `the stage is ${state}`;
}

function atOutbox({ outbox, recorded }: TraceFacts): Verdict | undefined {
  const [row] = outbox.rows;
  if (row === undefined) return undefined;
  if (row.state === 'waiting') {
    const why =
      row.relay === null
        ? `no relay holds shard ${row.shard}: relay not running?`
        : `relay ${row.relay} holds shard ${row.shard}`;
    return { state: 'on its way', text: `waits in the outbox ${row.outbox} since ${iso(row.createdAt)}: ${why}` };
  }
  const cut = recorded.some(({ isComplete }) => !isComplete)
    ? ' within the time; give a longer --within'
    : '; `npx freshet outbox verify` compares all of them';
  return {
    state: 'on its way',
    text: `published from the outbox ${row.outbox} to ${row.topic}, and not found there${cut}`,
  };
}

function lost({ key, versions, letters }: TraceFacts): Verdict {
  const [letter] = letters;
  if (letter !== undefined) return { state: 'done', text: `${letterText(letter)}; ${letter.status}` };
  const where = key.isTaken ? 'a door has accepted it' : `it was counted in state version ${versionsText(versions)}`;
  return {
    state: 'on its way',
    text: `${where}, and its records lie outside of what was searched: give --user, an earlier --since or a longer --within`,
  };
}
