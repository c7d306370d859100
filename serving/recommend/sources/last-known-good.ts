import type { LastAnswers } from '../last-answers.ts';
import type { Source } from '../roles.ts';

/** The user's last answer in this process, where Redis is away. */
export function createLastKnownGoodSource(lastAnswers: LastAnswers): Source {
  return {
    level: 'last_known_good',
    async candidates({ user, rounds, inputs, namespace, surface, userId }) {
      if (!rounds.degraded) return undefined;
      inputs.lastAnswer = user.remembered ?? lastAnswers.get(namespace, surface, userId);
      return inputs.lastAnswer?.candidates;
    },
  };
}
