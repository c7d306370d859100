import { z } from 'zod';
import type { ValuesOf } from './variables.ts';

/** An empty variable counts as one that is not set. */
const text = z
  .string()
  .transform((value) => (value === '' ? undefined : value))
  .optional();

const namespaceNames = /^[a-z0-9][a-z0-9._-]{0,63}(,[a-z0-9][a-z0-9._-]{0,63})*$/;

const isOrigin = (text: string): boolean =>
  text === '*' || (/^https?:\/\/[^*]+$/.test(text) && URL.parse(text)?.origin === text);

/** Who may use the HTTP surface. */
export const httpAccessSpec = {
  FRESHET_HTTP_AUTH: {
    schema: z.enum(['required', 'open']).optional(),
    meaning:
      'Whether clients of the http role must say who they are: required or open; unset it is open where FRESHET_HTTP_HOST is this machine alone and no issuer of tokens is named, else required',
    example: 'required',
  },
  FRESHET_JWT_ISSUER: {
    schema: text,
    meaning: 'Issuer of tokens that let a user read its own lists and send its own events: their claim iss',
    example: 'https://login.example/',
  },
  FRESHET_JWT_AUDIENCE: {
    schema: text,
    meaning: 'What those tokens must be made for: their claim aud',
    example: 'freshet',
  },
  FRESHET_JWT_JWKS_URL: {
    schema: text.refine((url) => url === undefined || /^https?:\/\//.test(url), 'must be an http or https URL'),
    meaning: 'Public keys of the issuer, a JSON Web Key Set; over https wherever the network is not yours alone',
    example: 'https://login.example/.well-known/jwks.json',
  },
  FRESHET_JWT_USER_CLAIM: {
    schema: z.string().min(1).default('sub'),
    meaning: 'Claim of those tokens that is the user_id',
    example: 'sub',
  },
  FRESHET_JWT_NAMESPACES: {
    schema: z.string().regex(namespaceNames, 'must be namespaces, comma separated').default('default'),
    meaning: 'Namespaces that those users are of, comma separated; of one alone they need not name it',
    example: 'shop',
  },
  FRESHET_JWT_MAX_PER_SECOND: {
    schema: z.coerce.number().int().min(1).default(20),
    meaning:
      'Requests a second, and events a second, that each of those users may send to each process, with five seconds’ worth at once',
    example: '20',
  },
  FRESHET_HTTP_CORS_ORIGINS: {
    schema: z
      .string()
      .default('')
      .transform((list) => list.split(',').flatMap((origin) => origin.trim() || []))
      .refine(
        (origins) => origins.every(isOrigin),
        'must be origins such as https://shop.example, without a path, or *',
      ),
    meaning:
      'Origins whose pages may read lists and send events from a browser, comma separated, or * for all; cookies are never taken',
    example: 'https://shop.example',
  },
} as const;

type HttpAccess = ValuesOf<typeof httpAccessSpec>;

const needed = ['FRESHET_JWT_ISSUER', 'FRESHET_JWT_AUDIENCE', 'FRESHET_JWT_JWKS_URL'] as const;

/** What the variables say against each other. */
export function httpAccessProblems(config: HttpAccess): readonly string[] {
  const missing = needed.filter((name) => config[name] === undefined);
  if (missing.length === needed.length) return [];
  const problems = missing.map((name) => `${name}: is missing; ${needed.join(', ')} go together, set all or none`);
  if (config.FRESHET_HTTP_AUTH === 'open')
    problems.push('FRESHET_HTTP_AUTH: is open, where nobody looks at tokens; make it required, or unset FRESHET_JWT_*');
  return problems;
}

/** Whether an address to listen on can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Whether clients are asked who they are. Whoever names an issuer of tokens means it, also behind a proxy. */
export function isAuthRequired(
  config: Pick<HttpAccess, 'FRESHET_HTTP_AUTH' | 'FRESHET_JWT_JWKS_URL'> & { readonly FRESHET_HTTP_HOST: string },
): boolean {
  const { FRESHET_HTTP_AUTH: mode, FRESHET_JWT_JWKS_URL: tokens, FRESHET_HTTP_HOST: host } = config;
  return mode === undefined ? tokens !== undefined || !isLoopback(host) : mode === 'required';
}
