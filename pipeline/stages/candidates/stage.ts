import type { ProfileUpdated } from '../../../schemas/generated/profile-updated.v1.ts';
import type { TopicDef } from '../../../schemas/topic.ts';
import { deadLetter, done, type Outcome, skip } from '../../kernel/outcome.ts';
import type { Delivery, StatelessStage } from '../../kernel/stage.ts';
import { parseProfileKey } from './session-key.ts';
import type { UserListWriter, UserRef } from './user-lists.ts';

export interface CandidatesStageOptions {
  readonly version: number;
  readonly topic: TopicDef<ProfileUpdated>;
  readonly lists: UserListWriter;
  /** Hears whose lists are about to be written, before they are. */
  onUsers?(users: readonly UserRef[]): void;
}

/**
 * Turns each newest profile into the user's list in the store that serving reads. Lists are made from the
 * session inside the profile record, never from the index's copy of it: the two topics are not ordered
 * against each other. Partition order makes the newest profile the last one written.
 */
export function createCandidatesStage(options: CandidatesStageOptions): StatelessStage<ProfileUpdated> {
  const { version, topic, lists, onUsers } = options;
  return {
    kind: 'stateless',
    name: 'candidates',
    consumes: [topic],
    stateVersion: version,
    async handle(batch) {
      const outcomes: Outcome[] = [];
      const newest = new Map<string, UserRef & { readonly profile: ProfileUpdated | null }>();
      for (const delivery of batch) {
        const user = userOf(delivery);
        if (user === undefined) outcomes.push(deadLetter('invalid', 'the key is not version|namespace|user'));
        else if (user.version !== version) outcomes.push(skip('other_version'));
        else {
          newest.set(`${user.namespace}|${user.userId}`, { ...user, profile: delivery.value });
          outcomes.push(done);
        }
      }
      onUsers?.([...newest.values()]);
      await lists.write([...newest.values()].flatMap(({ profile }) => profile ?? []));
      await lists.remove([...newest.values()].filter(({ profile }) => profile === null));
      return outcomes;
    },
  };
}

function userOf({ key, value }: Delivery<ProfileUpdated>): (UserRef & { readonly version: number }) | undefined {
  if (value === null) return parseProfileKey(key);
  const { stateVersion, namespace, userId } = value;
  return { version: stateVersion, namespace, userId };
}
