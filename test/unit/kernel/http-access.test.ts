import { describe, expect, it } from 'vitest';
import { isAuthRequired, isLoopback } from '../../../pipeline/kernel/http-access.ts';

describe('whether clients must say who they are', () => {
  it.each(['127.0.0.1', '127.9.8.7', 'localhost', '::1', '[::1]', 'LOCALHOST'])('is left open on %s', (host) => {
    expect(isLoopback(host)).toBe(true);
    expect(isAuthRequired({ FRESHET_HTTP_AUTH: undefined, FRESHET_HTTP_HOST: host })).toBe(false);
    expect(isAuthRequired({ FRESHET_HTTP_AUTH: 'required', FRESHET_HTTP_HOST: host })).toBe(true);
  });

  it.each(['0.0.0.0', '::', '', '10.0.0.1', '127.0.0.1.example.org', 'localhost.example.org', 'shop.example'])(
    'is required on %j unless it is said otherwise',
    (host) => {
      expect(isAuthRequired({ FRESHET_HTTP_AUTH: undefined, FRESHET_HTTP_HOST: host })).toBe(true);
      expect(isAuthRequired({ FRESHET_HTTP_AUTH: 'open', FRESHET_HTTP_HOST: host })).toBe(false);
    },
  );
});
