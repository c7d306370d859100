import { TransientError } from '../../kernel/errors.ts';
import type { RegistryClient } from './registry-client.ts';
import {
  createRegistryHttp,
  type RegistryAnswer,
  type RegistryHttp,
  type RegistryHttpOptions,
} from './registry-http.ts';
import { writtenIn } from './written-in.ts';

const subjectNotFound = 40_401;
const schemaNotFound = 40_403;

/** Look-ups over the Confluent-compatible API; caching is the codec's. */
export function createHttpRegistry(options: RegistryHttpOptions): RegistryClient {
  const request = createRegistryHttp(options);
  return {
    async schemaById(id) {
      const answer = await request('GET', `/schemas/ids/${id}`);
      if (answer.errorCode === schemaNotFound) return undefined;
      const text = fieldOf<string>(answer, 'schema', 'string');
      const others = await referredTo(answer, request);
      return others.length === 0 ? text : writtenIn(text, others);
    },
    async idOf(subject, json) {
      const answer = await request('POST', `/subjects/${encodeURIComponent(subject)}`, { schema: json });
      if (answer.errorCode === subjectNotFound || answer.errorCode === schemaNotFound) return undefined;
      return fieldOf<number>(answer, 'id', 'number');
    },
  };
}

interface Reference {
  readonly subject: string;
  readonly version: number;
}

/** The texts that an answer's schema refers to, those that they refer to included. */
async function referredTo({ body }: RegistryAnswer, request: RegistryHttp): Promise<string[]> {
  const { references } = body as { readonly references?: readonly Reference[] | null };
  const found: string[] = [];
  for (const { subject, version } of references ?? []) {
    // A version that was deleted since goes on being part of those that refer to it.
    const answer = await request('GET', `/subjects/${encodeURIComponent(subject)}/versions/${version}?deleted=true`);
    found.push(fieldOf<string>(answer, 'schema', 'string'), ...(await referredTo(answer, request)));
  }
  return found;
}

function fieldOf<T>({ status, body, errorCode }: RegistryAnswer, name: string, type: 'string' | 'number'): T {
  const value = (body as Record<string, unknown> | null)?.[name];
  if (errorCode === undefined && typeof value === type) return value as T;
  throw new TransientError('registry_unavailable', `schema registry answered ${status} without "${name}"`, {
    fields: { status, errorCode: errorCode ?? null },
  });
}
