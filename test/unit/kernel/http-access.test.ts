import { describe, expect, it } from 'vitest';
import {
  httpAccessProblems,
  httpAccessSpec,
  isAuthRequired,
  isLoopback,
} from '../../../pipeline/kernel/http-access.ts';

const of = (mode: 'required' | 'open' | undefined, host: string, tokens?: string) => ({
  FRESHET_HTTP_AUTH: mode,
  FRESHET_HTTP_HOST: host,
  FRESHET_JWT_JWKS_URL: tokens,
});

describe('whether clients must say who they are', () => {
  it.each(['127.0.0.1', '127.9.8.7', 'localhost', '::1', '[::1]', 'LOCALHOST'])('is left open on %s', (host) => {
    expect(isLoopback(host)).toBe(true);
    expect(isAuthRequired(of(undefined, host))).toBe(false);
    expect(isAuthRequired(of('required', host))).toBe(true);
  });

  it.each(['0.0.0.0', '::', '', '10.0.0.1', '127.0.0.1.example.org', 'localhost.example.org', 'shop.example'])(
    'is required on %j unless it is said otherwise',
    (host) => {
      expect(isAuthRequired(of(undefined, host))).toBe(true);
      expect(isAuthRequired(of('open', host))).toBe(false);
    },
  );

  it('is required wherever an issuer of tokens is named, also behind a proxy on the same machine', () => {
    expect(isAuthRequired(of(undefined, '127.0.0.1', 'https://login.example/jwks'))).toBe(true);
  });
});

describe('origins', () => {
  const { schema } = httpAccessSpec.FRESHET_HTTP_CORS_ORIGINS;

  it('are a list, * stands for all', () => {
    expect(schema.parse(undefined)).toEqual([]);
    expect(schema.parse('https://shop.example, http://localhost:3000')).toEqual([
      'https://shop.example',
      'http://localhost:3000',
    ]);
    expect(schema.parse('*')).toEqual(['*']);
  });

  it.each(['shop.example', 'https://shop.example/', 'https://shop.example/path', 'null', 'https://*.example'])(
    'are none such as %s',
    (origin) => {
      expect(schema.safeParse(origin).success).toBe(false);
    },
  );
});

describe('an issuer of tokens', () => {
  const none = {
    FRESHET_HTTP_AUTH: undefined,
    FRESHET_JWT_ISSUER: undefined,
    FRESHET_JWT_AUDIENCE: undefined,
    FRESHET_JWT_JWKS_URL: undefined,
    FRESHET_JWT_USER_CLAIM: 'sub',
    FRESHET_JWT_NAMESPACES: 'default',
    FRESHET_JWT_MAX_PER_SECOND: 20,
    FRESHET_HTTP_CORS_ORIGINS: [],
  };

  it('is named as a whole or not at all', () => {
    expect(httpAccessProblems(none)).toEqual([]);
    expect(httpAccessProblems({ ...none, FRESHET_JWT_ISSUER: 'https://login.example/' })).toEqual([
      expect.stringMatching(/^FRESHET_JWT_AUDIENCE: is missing/),
      expect.stringMatching(/^FRESHET_JWT_JWKS_URL: is missing/),
    ]);
  });

  it('is refused where nobody would look at tokens', () => {
    const whole = {
      ...none,
      FRESHET_JWT_ISSUER: 'i',
      FRESHET_JWT_AUDIENCE: 'a',
      FRESHET_JWT_JWKS_URL: 'https://login.example/jwks',
    };
    expect(httpAccessProblems(whole)).toEqual([]);
    expect(httpAccessProblems({ ...whole, FRESHET_HTTP_AUTH: 'open' })).toEqual([
      expect.stringMatching(/^FRESHET_HTTP_AUTH: is open/),
    ]);
  });
});
