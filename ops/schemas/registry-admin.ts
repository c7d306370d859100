import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import {
  createRegistryHttp,
  type RegistryAnswer,
  type RegistryHttpOptions,
  registryAddress,
} from '../../pipeline/broker/registry/registry-http.ts';
import { FreshetError, messageOf, TransientError } from '../../pipeline/kernel/errors.ts';

export interface RegisteredVersion {
  readonly version: number;
  readonly id: number;
}

/** The writing half of a registry, for this tool alone. Throws TransientError when it is away. */
export interface RegistryAdmin {
  /** The subject's own compatibility level; undefined where it has none. */
  compatibility(subject: string): Promise<string | undefined>;
  setCompatibility(subject: string, level: string): Promise<void>;
  /** Numbers of the subject's versions, none where it does not exist. */
  versions(subject: string): Promise<readonly number[]>;
  /** Where a text is registered under the subject, else undefined. */
  find(subject: string, json: string): Promise<RegisteredVersion | undefined>;
  /** Registers a text, under FULL_TRANSITIVE where the subject is new; FreshetError `schema_refused` with the registry's reason where it says no. */
  register(subject: string, json: string): Promise<RegisteredVersion>;
}

export function createRegistryAdmin(options: RegistryHttpOptions): RegistryAdmin {
  const request = createRegistryHttp(options);
  const client = createClient(options);
  const subjectPath = (subject: string) => `/subjects/${encodeURIComponent(subject)}`;
  const find = async (subject: string, json: string) => {
    const answer = await request('POST', subjectPath(subject), { schema: json });
    if (answer.status === 404) return undefined;
    const { version, id } = accepted<RegisteredVersion>(answer, subject);
    return { version, id };
  };
  return {
    async compatibility(subject) {
      const answer = await request('GET', `/config/${encodeURIComponent(subject)}`);
      if (answer.status === 404) return undefined;
      // Confluent names it compatibilityLevel when asked and compatibility when told; others mix the two.
      const body = accepted<{ compatibilityLevel?: string; compatibility?: string }>(answer, subject);
      return body.compatibilityLevel ?? body.compatibility;
    },
    async setCompatibility(subject, level) {
      accepted(await request('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility: level }), subject);
    },
    async versions(subject) {
      const answer = await request('GET', `${subjectPath(subject)}/versions`);
      return answer.status === 404 ? [] : accepted<number[]>(answer, subject);
    },
    find,
    async register(subject, json) {
      const compatibility = COMPATIBILITY.FULL_TRANSITIVE;
      await client
        .register({ type: SchemaType.AVRO, schema: json }, { subject, compatibility })
        .catch((error: unknown) => refuse(error, subject));
      const registered = await find(subject, json);
      if (registered !== undefined) return registered;
      throw new FreshetError('schema_refused', `${subject}: the registry took a version and does not find it again`);
    },
  };
}

function accepted<T>({ status, body, errorCode }: RegistryAnswer, subject: string): T {
  if (errorCode === undefined) return body as T;
  const { message } = body as { message?: string };
  throw new FreshetError('schema_refused', `${subject}: the registry answered ${status}: ${message ?? errorCode}`, {
    fields: { subject, status, errorCode },
  });
}

/** The registry library: it parses a text before it sends it, and refuses a subject that is under another level. */
function createClient({ url, timeoutMs = 10_000 }: RegistryHttpOptions): SchemaRegistry {
  const { base: host, credentials } = registryAddress(url);
  return new SchemaRegistry({
    host,
    retry: { retries: 0 },
    middlewares: [() => ({ request: async (request) => request.enhance({ timeout: timeoutMs }) })],
    ...(credentials && { auth: credentials }),
  });
}

/** Of the library's errors only a conflict and an invalid schema are the text's fault; an outage is a 400 to it. */
function refuse(error: unknown, subject: string): never {
  const { status } = error as { status?: unknown };
  const message = `${subject}: ${messageOf(error)}`;
  if (status === undefined || status === 409 || status === 422) {
    throw new FreshetError('schema_refused', message, { cause: error, fields: { subject } });
  }
  throw new TransientError('registry_unavailable', message, { cause: error, fields: { subject } });
}
