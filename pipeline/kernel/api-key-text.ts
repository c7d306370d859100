import { createHash, randomBytes } from 'node:crypto';

/** What a client's key reads: the id is public and names the key in lists and logs, the secret is shown once. */
export interface ApiKeyParts {
  /** 16 hex digits. */
  readonly id: string;
  /** 256 random bits, base64url. */
  readonly secret: string;
}

const shape = /^fk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** Undefined where the text is no key of ours. */
export function parseApiKey(text: string): ApiKeyParts | undefined {
  const [, id, secret] = shape.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export const printApiKey = ({ id, secret }: ApiKeyParts): string => `fk_${id}_${secret}`;

/** What is kept of a secret. 256 random bits need no salt and no slow hash: nobody guesses them. */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** A new key; `random` as of `node:crypto`. */
export const makeApiKey = (random: (bytes: number) => Buffer = randomBytes): ApiKeyParts => ({
  id: random(8).toString('hex'),
  secret: random(32).toString('base64url'),
});
