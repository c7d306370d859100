import { z } from 'zod';

/** What an outbox is called in logs, metrics and health: host and database, without credentials. */
export function outboxNameOf(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

const isPostgres = (url: string): boolean => /^postgres(ql)?:\/\//.test(url) && URL.canParse(url);

/** Connection URLs of services' databases, comma separated; none by default. A comma within one is written %2C. */
export const outboxUrlsSchema = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((url) => (url.trim() === '' ? [] : [url.trim()])))
  .refine((urls) => urls.every(isPostgres), 'must be postgres:// URLs, comma separated')
  .refine(
    (urls) => !urls.every(isPostgres) || new Set(urls.map(outboxNameOf)).size === urls.length,
    'names a database twice',
  );
