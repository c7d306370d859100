import { describe, expect, it } from 'vitest';
import { stateSettingsSchema } from '../../../../../pipeline/domain/feature/settings.ts';
import { type ProfileBody, profileBody, restoreUser } from '../../../../../pipeline/domain/feature/state-text.ts';

const settings = stateSettingsSchema.parse({});
const last = { eventId: 'e3', receivedAt: 30, occurredAt: 30, anonymous: false };
const end = '\u007f';

/** A user with a session of two, one older interaction, and counts of two days. */
const bodyWith = (lineEnd: string, affinity: string): ProfileBody => ({
  last,
  place: null,
  currentSessionId: 'g:20:e2',
  older: `5 0 e0 a${lineEnd}5 1 e1 b c`,
  bought: `9 x${lineEnd}8 y z`,
  dismissed: '',
  added: '7 x',
  affinity,
});
const sessionWith = (lineEnd: string) => ({
  sessionId: 'g:20:e2',
  body: {
    first: { occurredAt: 20, eventId: 'e2' },
    last: { occurredAt: 30, eventId: 'e3' },
    entries: `20 0 e2 d${lineEnd}10 2 e3 e`,
  },
});
const former = {
  profile: bodyWith('\n', '20000 1\t2 brand:x\t1 genre:"y"\n20000 0\t3 brand:x\n19999 0\t1 brand:a b'),
  session: sessionWith('\n'),
};
const today = {
  profile: bodyWith(end, ['20000', '3 0 brand:x', '2 1 brand:x', '1 1 genre:"y"', '19999', '1 0 brand:a b'].join(end)),
  session: sessionWith(end),
};

describe('stored state', () => {
  it('is read the same as it was written before and as it is written now', () => {
    const restored = restoreUser(former.profile, [former.session], settings);
    expect(restored).toEqual(restoreUser(today.profile, [today.session], settings));
    expect(restored.profile.recent.map(({ eventId }) => eventId)).toEqual(['e0', 'e1', 'e2', 'e3']);
  });

  it('is written as it is read, what the current session holds left out', () => {
    for (const { profile, session } of [former, today]) {
      expect(profileBody(restoreUser(profile, [session], settings), last)).toEqual(today.profile);
    }
  });
});
