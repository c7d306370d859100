import { type Fields, readText, report } from './fields.ts';

/** Characters of an address, as it is written and once it is percent-encoded. */
export const webAddressLength = 2_048;
/** What advertising adds to a link: the same page without it, and a different text for each visit with it. */
const tracking = /^(utm_.*|gclid|dclid|gbraid|wbraid|fbclid|msclkid)$/i;

/** The rest stays as it was written: other parameters may be signed. */
function withoutTracking(search: string): string {
  const nameOf = (parameter: string) => parameter.split('=', 1)[0] ?? '';
  const parameters = search.slice(1).split('&');
  const kept = parameters.filter((parameter) => !tracking.test(nameOf(parameter)));
  if (kept.length === parameters.length) return search;
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

/**
 * An absolute http or https URL of at most 2,048 characters, without a user: clients put it into pages as it is. Scheme and
 * host come in one spelling (lower case, punycode, no default port), the path percent-encoded, and parameters that only
 * follow a visitor are gone; the fragment stays, since pages of some shops are named by it.
 */
export function readWebAddress(fields: Fields, name: string): string | null {
  const text = readText(fields, name, { max: webAddressLength });
  if (text === null) return null;
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  if (url === null) {
    return report(fields, name, { code: 'invalid_format', message: 'must be an absolute http or https URL' });
  }
  if (url.username !== '' || url.password !== '') {
    return report(fields, name, { code: 'not_allowed', message: 'must not hold a user name or a password' });
  }
  url.search = withoutTracking(url.search);
  if (url.href.length <= webAddressLength) return url.href;
  const message = `must have at most ${webAddressLength} characters once it is percent-encoded`;
  return report(fields, name, { code: 'too_long', message, limit: webAddressLength });
}
