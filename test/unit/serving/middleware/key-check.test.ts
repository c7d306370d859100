import { beforeEach, describe, expect, it } from 'vitest';
import { createKeyCheck, type KeyCheck } from '../../../../serving/middleware/key-check.ts';
import { createFakeKeys } from '../../../support/fake-keys.ts';

let fake: ReturnType<typeof createFakeKeys>;
let now: number;
let check: KeyCheck;
const codeOf = (text: string) => {
  const found = check(text);
  return 'problem' in found ? `${found.problem.status} ${found.problem.code}` : 'taken';
};

beforeEach(() => {
  fake = createFakeKeys();
  now = 1_000;
  check = createKeyCheck({ keys: fake.keys, clock: { now: () => now }, remembered: 2 });
});

describe('a key', () => {
  it('is taken with the rights that it has', () => {
    const { text } = fake.add({ scopes: ['ingest'], namespaces: ['shop'], maxRequestsPerSecond: 3 });
    expect(check(text)).toMatchObject({
      caller: { namespaces: new Set(['shop']), homeNamespace: 'shop', userId: null },
      scopes: new Set(['ingest']),
      rate: { perSecond: 3 },
    });
  });

  it('is at home nowhere where it has several namespaces or all', () => {
    for (const namespaces of [null, ['shop', 'blog']])
      expect(check(fake.add({ namespaces }).text)).toMatchObject({ caller: { homeNamespace: null } });
  });

  it('with the scope admin may do everything', () => {
    expect(check(fake.add({ scopes: ['admin'] }).text)).toMatchObject({
      scopes: new Set(['ingest', 'read', 'admin']),
    });
  });

  it('is not taken with another secret, before and after the right one', () => {
    const { key, text } = fake.add();
    const wrong = `${text.slice(0, -2)}${text.endsWith('AA') ? 'BB' : 'AA'}`;
    expect([codeOf(wrong), codeOf(text), codeOf(wrong), codeOf(text)]).toEqual([
      '401 key_invalid',
      'taken',
      '401 key_invalid',
      'taken',
    ]);
    expect(codeOf(`fk_${key.id}_`)).toBe('401 key_invalid');
    expect(codeOf('fk_rubbish')).toBe('401 key_invalid');
  });

  it('is refused the moment that it is revoked or changed, though its text is remembered', () => {
    const { key, text } = fake.add();
    expect(codeOf(text)).toBe('taken');
    fake.held.set(key.id, { ...key, namespaces: ['blog'] });
    expect(check(text)).toMatchObject({ caller: { homeNamespace: 'blog' } });
    fake.held.set(key.id, { ...key, sha256: Buffer.alloc(32) });
    expect(codeOf(text)).toBe('401 key_invalid');
    fake.held.set(key.id, key);
    expect(codeOf(text)).toBe('taken');
    fake.revoke(key.id);
    expect(codeOf(text)).toBe('401 key_invalid');
  });

  it('is refused once it has expired', () => {
    const { text } = fake.add({ expiresAt: 2_000 });
    expect(codeOf(text)).toBe('taken');
    now = 2_000;
    expect(codeOf(text)).toBe('401 key_expired');
  });

  it('is nobody’s to judge before the keys were read', () => {
    const { text } = fake.add();
    fake.state.isLoaded = false;
    expect(codeOf(text)).toBe('503 not_ready');
  });

  it('is taken however many others are remembered', () => {
    const texts = Array.from({ length: 5 }, () => fake.add().text);
    expect([...texts, ...texts].map(codeOf)).toEqual(Array.from({ length: 10 }, () => 'taken'));
  });
});
