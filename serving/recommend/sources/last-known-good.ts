import { type LastAnswers, unpackSlate } from '../last-answers.ts';
import type { Source } from '../roles.ts';

/** The user's last answer in this process, where Redis is away. */
export function createLastKnownGoodSource(lastAnswers: LastAnswers): Source {
  return {
    level: 'last_known_good',
    async candidates({ user, rounds, inputs, namespace, surface, userId }) {
      if (!rounds.degraded) return undefined;
      const answer = user.remembered ?? lastAnswers.get(namespace, surface, userId);
      inputs.lastAnswer = answer;
      return answer && unpackSlate(answer.slate);
    },
  };
}
