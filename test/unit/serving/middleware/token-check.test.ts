import { SignJWT, UnsecuredJWT } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TokenCheck } from '../../../../serving/middleware/authenticate.ts';
import { createIssuerKeys, type IssuerKeys } from '../../../../serving/middleware/issuer-keys.ts';
import { createTokenCheck } from '../../../../serving/middleware/token-check.ts';
import { type Claims, createFakeIssuer } from '../../../support/fake-issuer.ts';
import { quietLog } from '../../../support/serving-harness.ts';

type Issuer = ReturnType<typeof createFakeIssuer>;
let issuer: Issuer;
let key: Awaited<ReturnType<Issuer['makeKey']>>;
let now: number;
let keys: IssuerKeys;
let check: TokenCheck;

const inAnHour = () => now / 1_000 + 3_600;
const token = (claims: Claims = {}, by = key) => issuer.sign(by, { sub: 'u1', exp: inAnHour(), ...claims });
async function outcome(text: string): Promise<string | null> {
  const found = await check(text);
  return 'problem' in found ? `${found.problem.status} ${found.problem.code}` : found.caller.userId;
}

beforeEach(async () => {
  issuer = createFakeIssuer();
  key = await issuer.makeKey('k1');
  issuer.publish(key);
  now = Date.UTC(2026, 0, 1);
  const clock = { now: () => now, monotonic: () => now, sleep: async () => {} };
  ({ keys } = createIssuerKeys({ url: 'https://login.example/jwks', clock, log: quietLog, fetch: issuer.fetch }));
  check = createTokenCheck({
    keys,
    clock,
    issuer: 'https://login.example/',
    audience: 'freshet',
    userClaim: 'sub',
    namespaces: ['shop'],
    maxPerSecond: 20,
    remembered: 3,
  });
});

describe('a token', () => {
  it('of the issuer is taken for its user, who has no scopes', async () => {
    expect(await check(await token())).toEqual({
      caller: { namespaces: new Set(['shop']), homeNamespace: 'shop', userId: 'u1', maxEventsPerSecond: 20 },
      scopes: null,
      rate: { id: 'u1', keyName: null, perSecond: 20 },
    });
  });

  it.each(['RS256', 'PS256', 'ES384', 'EdDSA'])('may be signed by %s', async (alg) => {
    const other = await issuer.makeKey('k2', alg);
    issuer.publish(key, other);
    expect(await outcome(await token({}, other))).toBe('u1');
  });

  it('is refused without a signature, or signed by a secret or by a key under another’s name', async () => {
    const secret = new TextEncoder().encode('x'.repeat(32));
    const claims = { iss: 'https://login.example/', aud: 'freshet', sub: 'u1', exp: inAnHour() };
    const texts = [
      new UnsecuredJWT(claims).encode(),
      await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(secret),
      await token({}, { ...(await issuer.makeKey('k1')) }),
      `${(await token()).slice(0, -6)}AAAAAA`,
      'a.b.c',
      'rubbish',
      `${'a'.repeat(9_000)}.b.c`,
    ];
    for (const text of texts)
      expect([text.slice(0, 20), await outcome(text)]).toEqual([text.slice(0, 20), '401 token_invalid']);
  });

  it.each([
    ['another issuer', { iss: 'https://other.example/' }],
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: undefined }],
    ['no end', { exp: undefined }],
    ['no user', { sub: undefined }],
    ['an empty user', { sub: '' }],
    ['a user that is no text', { sub: 7 }],
    ['a user with control characters', { sub: 'u\u0000' }],
    ['a beginning to come', { nbf: Date.UTC(2026, 0, 1) / 1_000 + 60 }],
  ])('is refused with %s', async (_, claims) => {
    expect(await outcome(await token(claims))).toBe('401 token_invalid');
  });

  it('is refused once it has expired, remembered or not, but for a small difference of clocks', async () => {
    const text = await token({ exp: now / 1_000 + 60 });
    expect(await outcome(text)).toBe('u1');
    now += 63_000;
    expect(await outcome(text)).toBe('u1');
    now += 3_000;
    expect(await outcome(text)).toBe('401 token_expired');
    expect(await outcome(await token({ exp: now / 1_000 - 60 }))).toBe('401 token_expired');
  });

  it('that was proved before is answered without waiting', async () => {
    const text = await token();
    expect(check(text)).toBeInstanceOf(Promise);
    await check(text);
    expect(check(text)).toMatchObject({ caller: { userId: 'u1' } });
  });

  it('is forgotten for others, and proved again', async () => {
    const texts = await Promise.all(['a', 'b', 'c', 'd'].map((sub) => token({ sub })));
    for (const text of texts) await check(text);
    expect(texts.map((text) => check(text) instanceof Promise)).toEqual([true, false, false, false]);
    expect(await outcome(texts[0] as string)).toBe('a');
  });
});

describe('keys of the issuer', () => {
  it('are asked for once, however many tokens come at the same time', async () => {
    const texts = await Promise.all(['a', 'b', 'c'].map((sub) => token({ sub })));
    expect(await Promise.all(texts.map(outcome))).toEqual(['a', 'b', 'c']);
    expect(issuer.state.asked).toBe(1);
  });

  it('stay usable while the issuer is away', async () => {
    expect(await outcome(await token())).toBe('u1');
    issuer.state.isAway = true;
    now += 3_600_000;
    expect(await outcome(await token({ sub: 'u2' }))).toBe('u2');
    expect(issuer.state.asked).toBe(1);
  });

  it('that are new are found, and made-up ones cost the issuer one question a cooldown', async () => {
    expect(await outcome(await token())).toBe('u1');
    const next = await issuer.makeKey('k2');
    issuer.publish(key, next);
    now += 30_000;
    expect(await outcome(await token({}, next))).toBe('u1');
    const madeUp = await issuer.makeKey('k9');
    for (let sent = 0; sent < 5; sent += 1)
      expect(await outcome(await token({ sub: `${sent}` }, madeUp))).toBe('503 unavailable');
    expect(issuer.state.asked).toBe(2);
    now += 30_000;
    const text = await token({}, madeUp);
    expect(await outcome(text)).toBe('401 token_invalid');
    expect(await outcome(text)).toBe('401 token_invalid');
    expect(await outcome(await token({}, madeUp))).toBe('503 unavailable');
    expect(issuer.state.asked).toBe(3);
  });

  it('that were changed within the cooldown make it a 503 that says when the issuer is asked again', async () => {
    expect(await outcome(await token())).toBe('u1');
    const next = await issuer.makeKey('k2');
    issuer.publish(key, next);
    now += 12_000;
    const text = await token({}, next);
    expect(await check(text)).toMatchObject({ problem: { status: 503, code: 'unavailable', retryAfterSeconds: 18 } });
    expect(issuer.state.asked).toBe(1);
    now += 18_000;
    expect(await outcome(text)).toBe('u1');
  });

  it('are told by no reading that began before the token came', async () => {
    const stranger = await issuer.makeKey('k9');
    const texts = [await token({}, stranger), await token({ sub: 'late' }, stranger)];
    expect(await Promise.all(texts.map(outcome))).toEqual(['401 token_invalid', '503 unavailable']);
    expect(issuer.state.asked).toBe(1);
    now += 30_000;
    expect(await outcome(await token({ sub: 'other' }, stranger))).toBe('401 token_invalid');
    expect(await outcome(texts[1] as string)).toBe('401 token_invalid');
    expect(issuer.state.asked).toBe(2);
  });

  it('that nobody can read make it a 503, not a 401', async () => {
    issuer.state.isAway = true;
    expect(await outcome(await token())).toBe('503 unavailable');
    expect(await outcome(await token())).toBe('503 unavailable');
    expect(issuer.state.asked).toBe(1);
    issuer.state.isAway = false;
    now += 5_000;
    expect(await outcome(await token())).toBe('u1');
  });

  it('that the issuer takes back end the tokens they have signed, though those are remembered', async () => {
    const text = await token();
    expect(await outcome(text)).toBe('u1');
    const next = await issuer.makeKey('k2');
    issuer.publish(next);
    now += 30_000;
    expect(await outcome(await token({}, next))).toBe('u1');
    expect(await outcome(text)).toBe('401 token_invalid');
  });
});
