import { z } from 'zod';

/** Who may use the HTTP surface. */
export const httpAccessSpec = {
  FRESHET_HTTP_AUTH: {
    schema: z.enum(['required', 'open']).optional(),
    meaning:
      'Whether clients of the http role must say who they are: required or open; unset it is open where FRESHET_HTTP_HOST is this machine alone, else required',
    example: 'required',
  },
} as const;

/** Whether an address to listen on can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return name === 'localhost' || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Whether clients are asked who they are. */
export function isAuthRequired(config: {
  readonly FRESHET_HTTP_AUTH: 'required' | 'open' | undefined;
  readonly FRESHET_HTTP_HOST: string;
}): boolean {
  return config.FRESHET_HTTP_AUTH === undefined
    ? !isLoopback(config.FRESHET_HTTP_HOST)
    : config.FRESHET_HTTP_AUTH === 'required';
}
