import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfigDocument } from '../../../../../pipeline/domain/intake/config-document.ts';
import { parseItem } from '../../../../../pipeline/domain/intake/item.ts';
import { decideRevision, deletedDigest, digestOf } from '../../../../../pipeline/domain/intake/revision.ts';
import { normaliseTag } from '../../../../../pipeline/domain/intake/tag.ts';
import { parseUser } from '../../../../../pipeline/domain/intake/user.ts';
import { accepted, faultsOf, receivedAt, rulesWith } from './sample.ts';

const item = (over: Record<string, unknown>) => parseItem({ item_id: 'i', ...over }, '$', rulesWith());
const user = (over: Record<string, unknown>) => parseUser({ user_id: 'u', ...over }, '$', rulesWith());
const config = (over: Record<string, unknown>) => parseConfigDocument({ body: {}, ...over }, '$', rulesWith());

describe('an item', () => {
  it('is available and not hidden where nothing is said', () => {
    expect(accepted(item({}))).toMatchObject({
      available: true,
      hidden: false,
      tags: [],
      price: null,
      archivedAt: null,
    });
  });

  it.each([
    ['Brand: ACME', 'brand:acme'],
    ['  category =  Running   Shoes ', 'category:running-shoes'],
    ['genre/Jazz', 'genre:jazz'],
    ['Sale', 'sale'],
    ['url:a:b', 'url:a:b'],
    ['brand:Cafe\u0301', 'brand:caf\u00e9'],
  ])('has the tag %j as %j', (written, kept) => {
    expect(normaliseTag(written)).toBe(kept);
  });

  it('has each tag once', () => {
    expect(accepted(item({ tags: ['brand:A', 'Brand:a', ' b '] })).tags).toEqual(['brand:a', 'b']);
  });

  const cases: [string, Record<string, unknown>, string[]][] = [
    ['without an id', { item_id: undefined }, ['required $.item_id']],
    ['with a price without currency', { price: '1.50' }, ['required $.currency']],
    ['with a currency without price', { currency: 'EUR' }, ['required $.price']],
    ['with a negative price', { price: '-1', currency: 'EUR' }, ['invalid_format $.price']],
    ['with a price of five digits behind the point', { price: '1.00001', currency: 'EUR' }, ['invalid_format $.price']],
    ['with a price that counts in thousands', { price: '1,000.00', currency: 'EUR' }, ['invalid_format $.price']],
    ['with a currency in lower case', { price: '1', currency: 'eur' }, ['invalid_format $.currency']],
    ['with a currency of the past', { price: '1', currency: 'DEM' }, ['currency_unknown $.currency']],
    ['priced in gold', { price: '1', currency: 'XAU' }, ['currency_unknown $.currency']],
    ['with a relative link', { url: '/products/1' }, ['invalid_format $.url']],
    ['with a link without scheme', { url: 'shop.example/1' }, ['invalid_format $.url']],
    ['with a script as link', { url: 'javascript:alert(1)' }, ['invalid_format $.url']],
    ['with a script as link, hidden', { url: 'JaVaScRiPt://shop.example/%0aalert(1)' }, ['invalid_format $.url']],
    ['with data as image', { image_url: 'data:image/svg+xml,<svg/>' }, ['invalid_format $.image_url']],
    ['with a link by ftp', { url: 'ftp://shop.example/1' }, ['invalid_format $.url']],
    ['with a link without host', { url: 'https://' }, ['invalid_format $.url']],
    ['with a user in a link', { url: 'https://jo:secret@shop.example/1' }, ['not_allowed $.url']],
    ['with a link that grows too long', { url: `https://shop.example/${'ü'.repeat(1_000)}` }, ['too_long $.url']],
    ['with a price as number', { price: 1.5, currency: 'EUR' }, ['wrong_type $.price']],
    ['with tags as text', { tags: 'a,b' }, ['wrong_type $.tags']],
    ['with a tag that is a number', { tags: ['a', 3] }, ['wrong_type $.tags[1]']],
    ['with 65 tags', { tags: Array.from({ length: 65 }, (_, i) => `t${i}`) }, ['too_many $.tags']],
    ['with an unknown field', { brand: 'x' }, ['unknown_field $.brand']],
    ['archived at a time without zone', { archived_at: '2026-01-01T00:00:00' }, ['timestamp_ambiguous $.archived_at']],
    ['with a negative revision', { revision: -1 }, ['out_of_range $.revision']],
    ['with a revision that JSON numbers cannot hold', { revision: 2 ** 53 }, ['out_of_range $.revision']],
    ['changed in the future', { updated_at: receivedAt + 600_000 }, ['in_future $.updated_at']],
  ];
  it.each(cases)('is refused %s', (_, over, expected) => {
    expect(faultsOf(item(over))).toEqual(expected);
  });
});

describe('a link of an item', () => {
  it.each([
    ['HTTPS://Shop.Example:443/Hat', 'https://shop.example/Hat'],
    ['http://bücher.example', 'http://xn--bcher-kva.example/'],
    ['https://shop.example/a?utm_source=x&id=7&UTM_medium=y&gclid=z', 'https://shop.example/a?id=7'],
    ['https://shop.example/a?fbclid=1#/hats', 'https://shop.example/a#/hats'],
    ['https://shop.example/a?q=b+c%20d&utmost=1', 'https://shop.example/a?q=b+c%20d&utmost=1'],
    ['https://shop.example/ä b', 'https://shop.example/%C3%A4%20b'],
  ])('%j is kept as %j', (written, kept) => {
    const { url, imageUrl } = accepted(item({ url: written, image_url: written }));
    expect([url, imageUrl]).toEqual([kept, kept]);
  });

  it('is kept as it is once it was kept', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (written) => {
        const once = accepted(item({ url: written })).url;
        expect(accepted(item({ url: once })).url).toBe(once);
      }),
    );
  });
});

describe('a user', () => {
  it('has lists and booleans among its traits as text', () => {
    const traits = { locale: 'de-DE', newsletter: true, preferred_categories: ['a', 'b'] };
    expect(accepted(user({ traits })).traits).toEqual({
      locale: 'de-DE',
      newsletter: 'true',
      preferred_categories: 'a,b',
    });
  });

  it('is refused with an e-mail address among its traits', () => {
    expect(faultsOf(user({ traits: { contact: 'jo@example.org' } }))).toEqual(['pii_suspected $.traits.contact']);
  });

  it('is refused with a trait that is an object', () => {
    expect(faultsOf(user({ traits: { a: {} } }))).toEqual(['wrong_type $.traits.a']);
  });
});

describe('settings', () => {
  it('are kept as written, names sorted', () => {
    const body = { max_event_age_ms: 86_400_000, default_consent: 'none' };
    expect(accepted(config({ body })).body).toBe('{"default_consent":"none","max_event_age_ms":86400000}');
  });

  const cases: [string, Record<string, unknown>, string[]][] = [
    ['without a body', { body: undefined }, ['required $.body']],
    ['of another kind', { kind: 'colour' }, ['invalid_format $.kind']],
    ['with a value out of range', { body: { max_event_age_ms: -1 } }, ['invalid_setting $.body.max_event_age_ms']],
    ['with a misspelt name', { body: { max_age: 1 } }, ['unknown_field $.body']],
    ['with a body that is a list', { body: [] }, ['invalid_setting $.body']],
    [
      'with a body nested 100,000 deep',
      { body: JSON.parse(`${'['.repeat(1e5)}${']'.repeat(1e5)}`) },
      ['invalid_setting $.body'],
    ],
    [
      'over 64 KiB',
      {
        body: {
          surfaces: Object.fromEntries(
            Array.from({ length: 2_000 }, (_, i) => [`surface-${i}`, { exclude_seen: true }]),
          ),
        },
      },
      ['too_large $.body'],
    ],
  ];
  it.each(cases)('are refused %s', (_, over, expected) => {
    expect(faultsOf(config(over))).toEqual(expected);
  });
});

describe('revisions', () => {
  const at = (revision: number, content = 'a') => ({ revision, digest: digestOf(content) });

  it('come from revision, else updated_at, else the time of receipt', () => {
    expect(accepted(item({ revision: 7, updated_at: 1_700_000_000 })).revision).toBe(7);
    expect(accepted(item({ updated_at: '2023-11-14T22:13:20Z' })).revision).toBe(1_700_000_000_000);
    expect(accepted(item({})).revision).toBe(receivedAt);
  });

  it('win only where they are greater', () => {
    expect(decideRevision(undefined, at(0))).toBe('accepted');
    expect(decideRevision(at(1), at(2))).toBe('accepted');
    expect(decideRevision(at(2), at(1))).toBe('stale');
    expect(decideRevision(at(2), at(2))).toBe('unchanged');
    expect(decideRevision(at(2), at(2, 'b'))).toBe('conflict');
    expect(decideRevision({ revision: 2, digest: deletedDigest }, at(2))).toBe('conflict');
  });

  it('do not depend on the order of names', () => {
    expect(digestOf({ a: 1, b: { c: 2, d: 3 } })).toEqual(digestOf({ b: { d: 3, c: 2 }, a: 1 }));
  });
});

it('documents are answered by a value, whatever they are', () => {
  fc.assert(
    fc.property(fc.anything(), fc.object(), (any, object) =>
      [any, object].every((input) =>
        [parseItem, parseUser, parseConfigDocument].every((parse) => parse(input, '$', rulesWith())),
      ),
    ),
  );
});

describe('rules', () => {
  const rule = (over: Record<string, unknown>, id: unknown = 'summer|top') =>
    config({ kind: 'rule', id, body: { action: 'pin', item: 'i1', position: 1, ...over } });

  it('are kept as written, under an id of their own', () => {
    expect(accepted(rule({ starts_at: '2026-06-01T00:00:00Z' }))).toMatchObject({
      ...{ kind: 'rule', id: 'summer|top' },
      body: '{"action":"pin","item":"i1","position":1,"starts_at":"2026-06-01T00:00:00Z"}',
    });
  });

  it.each([
    ['without an id', rule({}, null), 'required $.id'],
    ['with a position out of range', rule({ position: 101 }), 'invalid_rule $.body.position'],
    [
      'that end before they start',
      rule({ starts_at: '2026-06-02T00:00:00Z', ends_at: '2026-06-01T00:00:00Z' }),
      'invalid_rule $.body.ends_at',
    ],
    ['with an instant without a zone', rule({ starts_at: '2026-06-02T00:00:00' }), 'invalid_rule $.body.starts_at'],
    ['with a misspelt name', rule({ positon: 1 }), 'unknown_field $.body'],
    ['about nothing', config({ kind: 'rule', id: 'a', body: { action: 'block' } }), 'invalid_rule $.body.items'],
    ['with an action that there is not', rule({ action: 'hide' }), 'invalid_rule $.body.action'],
  ])('are refused %s', (_, given, expected) => {
    expect(faultsOf(given)).toEqual([expected]);
  });
});
