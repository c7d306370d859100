import { describe, expect, it } from 'vitest';
import { durationOf, expiryOf, nameOf, namespacesOf, rateOf, scopesOf } from '../../../../ops/keys/arguments.ts';

const now = Date.UTC(2026, 0, 1);

describe('what a key is asked to be', () => {
  it('has scopes in one order, each once', () => {
    expect(scopesOf('read, ingest,read')).toEqual(['ingest', 'read']);
    expect(() => scopesOf('write')).toThrow('--scopes: "write" is not some of ingest, read, admin');
    expect(() => scopesOf('')).toThrow('--scopes');
  });

  it('is good for all namespaces unless some are named', () => {
    expect(namespacesOf(undefined)).toBeNull();
    expect(namespacesOf('shop, blog,shop')).toEqual(['shop', 'blog']);
    expect(() => namespacesOf('shop,Shop!')).toThrow('--namespaces: "Shop!" is not a namespace');
    expect(() => namespacesOf('')).toThrow('--namespaces');
  });

  it('has a name', () => {
    expect(nameOf(' web shop ')).toBe('web shop');
    expect(() => nameOf('  ')).toThrow('--name');
  });

  it('ends after a time or at an instant, both to come', () => {
    expect(expiryOf('90d', now)).toBe(90 * 86_400_000);
    expect(expiryOf('2026-01-01T01:00:00+00:30', now)).toBe(1_800_000);
    for (const text of ['0d', '2025-12-31T23:59:59Z', '2027-01-01T00:00:00', 'soon', '99999d'])
      expect(() => expiryOf(text, now)).toThrow('--expires');
  });

  it('has a rate', () => {
    expect(rateOf('500')).toBe(500);
    for (const text of ['0', '-1', '1.5', '1000001', 'x']) expect(() => rateOf(text)).toThrow('--rate');
  });

  it('overlaps for a time', () => {
    expect(durationOf('--overlap', '0s')).toBe(0);
    expect(durationOf('--overlap', '24h')).toBe(86_400_000);
    expect(() => durationOf('--overlap', '1w')).toThrow('--overlap: "1w" is not a time such as 90s');
  });
});
