import type { ProfileUpdated, SessionItem } from '../../../schemas/generated/profile-updated.v1.ts';
import { sessionKey } from '../../domain/keys.ts';
import { listLimit, type SourceName } from '../../domain/packed-list.ts';
import type { IndexAnswer, SessionIndex } from '../../domain/session-index.ts';

export interface UserCandidates {
  readonly source: SourceName;
  /** Best first; a few more than a list holds, for items that the catalogue does not know. */
  readonly answers: readonly IndexAnswer[];
}

const asked = listLimit + 50;

/**
 * A user's candidates: neighbours of the current session; where it finds none (a new item, a session that
 * left nothing) those of the history. Without consent `full` a profile has neither, and the list is empty.
 */
export function userCandidates(profile: ProfileUpdated, index: SessionIndex | undefined): UserCandidates {
  const { stateVersion, namespace, userId, currentSession, recent } = profile;
  if (index === undefined) return { source: 'session-knn', answers: [] };
  const ownSession =
    currentSession === null
      ? undefined
      : sessionKey(stateVersion, namespace, userId, currentSession.sessionId).toString('latin1');
  const ask = (items: readonly string[]): IndexAnswer[] =>
    items.length === 0
      ? []
      : index.query({ items, limit: asked, excludeItem: items.at(-1), excludeSession: ownSession });
  const answers = ask(wanted(currentSession?.items ?? []));
  if (answers.length > 0) return { source: 'session-knn', answers };
  return { source: 'similar', answers: ask(wanted(recent).reverse()) };
}

/** What was dismissed says nothing about what to show next. */
function wanted(items: readonly SessionItem[]): string[] {
  return items.filter(({ type }) => type !== 'dismiss').map(({ itemId }) => itemId);
}
