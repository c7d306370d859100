import {
  createRegistryHttp,
  type RegistryAnswer,
  type RegistryHttp,
  type RegistryHttpOptions,
} from '../../pipeline/broker/registry/registry-http.ts';
import { FreshetError } from '../../pipeline/kernel/errors.ts';

export interface RegisteredVersion {
  readonly version: number;
  readonly id: number;
}

export interface CompatibilityVerdict {
  readonly isCompatible: boolean;
  /** The registry's reasons in its own words; none where it is compatible, or where it gives none, as Apicurio does. */
  readonly messages: readonly string[];
}

/** The writing half of a registry, for this tool alone. Throws TransientError when it is away. */
export interface RegistryAdmin {
  /** The subject's own compatibility level; undefined where it has none and the registry's counts. */
  compatibility(subject: string): Promise<string | undefined>;
  setCompatibility(subject: string, level: string): Promise<void>;
  /** The level of subjects that have none of their own. */
  globalCompatibility(): Promise<string>;
  /** Numbers of the subject's versions, none where it does not exist or was deleted. */
  versions(subject: string): Promise<readonly number[]>;
  /** Where a text is registered under the subject, else undefined. */
  find(subject: string, json: string): Promise<RegisteredVersion | undefined>;
  /** Registers a text, under FULL_TRANSITIVE where the subject has no level; FreshetError `schema_refused` with the registry's reason where it says no. */
  register(subject: string, json: string): Promise<RegisteredVersion>;
  /**
   * What the registry would say to a text, by the subject's level and all versions that it compares with; compatible
   * where the subject does not exist, not compatible where the text is no schema.
   */
  verdict(subject: string, json: string): Promise<CompatibilityVerdict>;
}

const newSubjectLevel = 'FULL_TRANSITIVE';

export function createRegistryAdmin(options: RegistryHttpOptions): RegistryAdmin {
  const request = createRegistryHttp(options);
  const admin: RegistryAdmin = {
    compatibility: (subject) => levelOf(request, subject),
    async setCompatibility(subject, level) {
      accepted(await request('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility: level }), subject);
    },
    async globalCompatibility() {
      const level = levelIn(await request('GET', '/config'), 'every subject');
      if (level !== undefined) return level;
      throw new FreshetError('schema_refused', 'the registry names no compatibility level of its own');
    },
    async versions(subject) {
      const answer = await request('GET', `${pathOf(subject)}/versions`);
      return answer.status === 404 ? [] : accepted<number[]>(answer, subject);
    },
    async find(subject, json) {
      const answer = await request('POST', pathOf(subject), { schema: json });
      if (answer.status === 404) return undefined;
      const { version, id } = accepted<RegisteredVersion>(answer, subject);
      return { version, id };
    },
    async register(subject, json) {
      if ((await admin.compatibility(subject)) === undefined) await admin.setCompatibility(subject, newSubjectLevel);
      accepted(await request('POST', `${pathOf(subject)}/versions`, { schema: json }), subject);
      // Registries answer with the id alone; the newest of them with the version too.
      const registered = await admin.find(subject, json);
      if (registered !== undefined) return registered;
      throw new FreshetError('schema_refused', `${subject}: the registry took a version and does not find it again`);
    },
    async verdict(subject, json) {
      const level = (await admin.compatibility(subject)) ?? (await admin.globalCompatibility());
      // Asked for all versions, Apicurio compares with all of them under every level.
      const versions = level.endsWith('_TRANSITIVE') ? 'versions' : 'versions/latest';
      const answer = await request('POST', `/compatibility${pathOf(subject)}/${versions}?verbose=true`, {
        schema: json,
      });
      // Older registries know no verdict on a subject that is not there.
      if (answer.errorCode === subjectNotFound) return { isCompatible: true, messages: [] };
      // A text that Avro's library cannot resolve at all, such as by ambiguous aliases.
      if (answer.errorCode === invalidSchema) return { isCompatible: false, messages: [messageIn(answer)] };
      const body = accepted<{ is_compatible?: boolean; messages?: readonly string[] | null }>(answer, subject);
      return { isCompatible: body.is_compatible === true, messages: body.messages ?? [] };
    },
  };
  return admin;
}

const subjectNotFound = 40_401;
const invalidSchema = 42_201;

const messageIn = ({ body }: RegistryAnswer): string => (body as { message?: string }).message ?? 'invalid schema';

const pathOf = (subject: string): string => `/subjects/${encodeURIComponent(subject)}`;

async function levelOf(request: RegistryHttp, subject: string): Promise<string | undefined> {
  const answer = await request('GET', `/config/${encodeURIComponent(subject)}`);
  return answer.status === 404 ? undefined : levelIn(answer, subject);
}

/** Confluent names it compatibilityLevel when asked and compatibility when told; others mix the two. */
function levelIn(answer: RegistryAnswer, subject: string): string | undefined {
  const body = accepted<{ compatibilityLevel?: string; compatibility?: string }>(answer, subject);
  return body.compatibilityLevel ?? body.compatibility;
}

function accepted<T>({ status, body, errorCode }: RegistryAnswer, subject: string): T {
  if (errorCode === undefined) return body as T;
  const { message } = body as { message?: string };
  throw new FreshetError('schema_refused', `${subject}: the registry answered ${status}: ${message ?? errorCode}`, {
    fields: { subject, status, errorCode },
  });
}
