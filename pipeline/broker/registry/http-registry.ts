import { TransientError } from '../../kernel/errors.ts';
import type { RegistryClient } from './registry-client.ts';
import { createRegistryHttp, type RegistryAnswer, type RegistryHttpOptions } from './registry-http.ts';

const subjectNotFound = 40_401;
const schemaNotFound = 40_403;

/** Look-ups over the Confluent-compatible API; caching is the codec's. */
export function createHttpRegistry(options: RegistryHttpOptions): RegistryClient {
  const request = createRegistryHttp(options);
  return {
    async schemaById(id) {
      const answer = await request('GET', `/schemas/ids/${id}`);
      if (answer.errorCode === schemaNotFound) return undefined;
      return fieldOf<string>(answer, 'schema', 'string');
    },
    async idOf(subject, json) {
      const answer = await request('POST', `/subjects/${encodeURIComponent(subject)}`, { schema: json });
      if (answer.errorCode === subjectNotFound || answer.errorCode === schemaNotFound) return undefined;
      return fieldOf<number>(answer, 'id', 'number');
    },
  };
}

function fieldOf<T>({ status, body, errorCode }: RegistryAnswer, name: string, type: 'string' | 'number'): T {
  const value = (body as Record<string, unknown> | null)?.[name];
  if (errorCode === undefined && typeof value === type) return value as T;
  throw new TransientError('registry_unavailable', `schema registry answered ${status} without "${name}"`, {
    fields: { status, errorCode: errorCode ?? null },
  });
}
