import { subjectOf, type TopicDef } from '../../schemas/topic.ts';
import { incompatibilities } from './compatibility.ts';
import { type SchemaChange, schemaChanges } from './schema-changes.ts';

export interface DeployOrder {
  readonly order: 'any' | 'consumers_first' | 'producers_first' | 'none';
  /** Why, and what to do in which order. */
  readonly steps: readonly string[];
}

/** Who is deployed first when records of `previousJson` become those of `json`, by the people the topics name. */
export function deployOrder(json: string, previousJson: string, topics: readonly TopicDef[]): DeployOrder {
  const readsOld = incompatibilities(json, previousJson).length === 0;
  const isRead = incompatibilities(previousJson, json).length === 0;
  const apply = `\`freshet schemas apply\`, which registers it under ${subjectsOf(topics)}`;
  const [consumers, producers] = [named(topics, 'consumers'), named(topics, 'producers')];
  if (!readsOld && !isRead) {
    return {
      order: 'none',
      steps: ['No order works: neither old nor new readers read all. Start the next version of the topic instead'],
    };
  }
  if (!readsOld) {
    const replay = 'what was written before cannot be read again, so nothing may be replayed or rebuilt from it';
    return {
      order: 'producers_first',
      steps: [
        apply,
        `producers: ${producers}`,
        `consumers, once they have read all that was written before: ${consumers}; ${replay}`,
      ],
    };
  }
  if (!isRead) {
    const first = `consumers, every process of them: ${consumers}; those of the version before cannot read what comes`;
    return { order: 'consumers_first', steps: [apply, first, `producers: ${producers}`] };
  }
  const until = schemaChanges(json, previousJson).flatMap(untilDeployed);
  if (until.length > 0) {
    const first = `consumers: ${consumers}; until then they ${[...new Set(until)].join(', and ')}`;
    return { order: 'consumers_first', steps: [apply, first, `producers: ${producers}`] };
  }
  return { order: 'any', steps: [apply, `consumers and producers in any order: ${consumers}; ${producers}`] };
}

/** What readers of the version before do with a change, where it is other than to leave it unseen. */
function untilDeployed({ path, change }: SchemaChange): string[] {
  switch (change) {
    case 'added':
      return [`do not see \`${path}\``];
    case 'removed':
      return [`read the default of \`${path}\``];
    case 'renamed':
      return [`read the default of the old name of \`${path}\``];
    case 'symbol_added':
      return [`read new symbols of \`${path}\` as the enum's default`];
    default:
      return [];
  }
}

const mostSubjects = 3;

function subjectsOf(topics: readonly TopicDef[]): string {
  const subjects = topics.map(subjectOf);
  const more = subjects.length - mostSubjects;
  return more > 0 ? `${subjects.slice(0, mostSubjects).join(', ')} and ${more} more` : subjects.join(', ');
}

function named(topics: readonly TopicDef[], ends: 'consumers' | 'producers'): string {
  const names = [...new Set(topics.flatMap((topic) => topic[ends]))];
  return names.length > 0 ? names.join(', ') : 'none';
}
