import type { InteractionEnriched } from '../../../schemas/generated/interaction-enriched.v1.ts';
import { clientSession } from '../../domain/feature/session.ts';
import type { SessionsWanted, StoredProfile, UserRef } from '../../stores/feature.ts';

/** What one batch brings one user, in offset order. */
export interface UserWork extends UserRef {
  readonly interactions: InteractionEnriched[];
}

export const workKey = ({ namespace, userId }: UserRef): string => `${namespace}|${userId}`;

/** Groups by user what may touch a profile; interactions without consent touch none. */
export function groupByUser(interactions: readonly InteractionEnriched[]): Map<string, UserWork> {
  const work = new Map<string, UserWork>();
  for (const interaction of interactions) {
    if (interaction.consent === 'none') continue;
    const { namespace, userId } = interaction;
    const key = workKey(interaction);
    const known = work.get(key);
    if (known) known.interactions.push(interaction);
    else work.set(key, { namespace, userId, interactions: [interaction] });
  }
  return work;
}

/**
 * The stored sessions that the work may touch: those the client named, every component within the gap of
 * an event (so that bridging finds both sides), and the current one, which the profile record repeats.
 */
export function sessionsWanted(work: UserWork, profile: StoredProfile | undefined, gapMs: number): SessionsWanted {
  const { namespace, userId } = work;
  const ids = new Set<string>();
  if (profile?.body.currentSessionId) ids.add(profile.body.currentSessionId);
  let fromAt = Number.POSITIVE_INFINITY;
  let toAt = Number.NEGATIVE_INFINITY;
  for (const { consent, sessionId, occurredAt } of work.interactions) {
    if (consent !== 'full') continue;
    if (sessionId !== null) ids.add(clientSession(sessionId));
    else {
      fromAt = Math.min(fromAt, occurredAt - gapMs);
      toAt = Math.max(toAt, occurredAt + gapMs);
    }
  }
  const components = fromAt <= toAt ? { fromAt, toAt } : undefined;
  return { namespace, userId, sessionIds: [...ids], components };
}
