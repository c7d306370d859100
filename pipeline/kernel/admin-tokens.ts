import { z } from 'zod';

/** An operator who may use the admin routes. */
export interface AdminToken {
  /** Goes into the audit. */
  readonly operator: string;
  /** SHA-256 of the token; the token itself is nowhere kept. */
  readonly sha256: Buffer;
}

function problemOf(operator: string, hash: string | undefined, others: readonly AdminToken[]): string | undefined {
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(operator))
    return 'each entry begins with a name of letters, digits and . _ @ -, then a colon';
  if (hash === undefined || !/^[0-9a-f]{64}$/.test(hash))
    return `${operator} needs the SHA-256 of a token in 64 lower-case hex digits (printf %s TOKEN | sha256sum), not the token`;
  return others.some((other) => other.operator === operator) ? `${operator} is named twice` : undefined;
}

/** `name:sha256`, comma separated; empty for no admin routes at all. */
export const adminTokensSchema = z
  .string()
  .default('')
  .transform((text, context) => {
    const tokens: AdminToken[] = [];
    for (const entry of text.split(',').filter((one) => one.trim() !== '')) {
      const [operator = '', hash, ...rest] = entry.trim().split(':');
      const problem = problemOf(operator, rest.length > 0 ? undefined : hash, tokens);
      if (problem !== undefined) {
        context.addIssue({ code: 'custom', message: problem });
        return z.NEVER;
      }
      tokens.push({ operator, sha256: Buffer.from(hash as string, 'hex') });
    }
    return tokens as readonly AdminToken[];
  });
