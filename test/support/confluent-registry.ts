import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Call,
  live,
  noSubject,
  type Reference,
  Refusal,
  type Registered,
  type State,
  versionNamed,
  versionsOf,
} from './confluent-state.ts';
import { compatibilityMessages, levels, parseSchema } from './confluent-verdict.ts';

/** A registry within the test, with the paths, codes and words of Confluent's (7.x), for Avro. */
export interface ConfluentRegistry {
  readonly url: string;
  close(): Promise<void>;
}

const mediaType = 'application/vnd.schemaregistry.v1+json';
const understood = [mediaType, 'application/vnd.schemaregistry+json', 'application/json', 'application/octet-stream'];

function checkedSchema(call: Call): string {
  const { schema, schemaType = 'AVRO', references = [] } = call.body;
  if (schema === undefined || schema === '') throw new Refusal(42_201, 'Empty schema');
  if (schemaType !== 'AVRO') throw new Refusal(42_201, `Invalid schema type ${schemaType}`);
  try {
    return parseSchema(
      schema,
      references.map((one) => referredTo(call, one)),
    );
  } catch (error) {
    const details = (error as Error).message;
    throw new Refusal(42_201, `Invalid schema ${schema} with refs [] of type AVRO, details: ${details}`);
  }
}

function referredTo(call: Call, { subject, version }: Reference): string {
  return textOf(call.state, versionNamed(call, subject, String(version)).id);
}

const textOf = (state: State, id: number): string => state.schemas[id - 1]?.schema ?? '';

function register(call: Call): unknown {
  const { state, body } = call;
  const subject = call.path[1] as string;
  if (state.modes.get(subject) === 'READONLY') throw new Refusal(42_205, `Subject ${subject} is in read-only mode`);
  const schema = checkedSchema(call);
  const known = live(state, subject).find(({ id }) => textOf(state, id) === schema);
  if (known !== undefined) return { id: known.id };
  const messages = judge(state, subject, schema);
  if (messages.length > 0)
    throw new Refusal(
      409,
      `Schema being registered is incompatible with an earlier schema for subject "${subject}", details: [${messages.join(', ')}]`,
    );
  const at = state.schemas.findIndex((one) => one.schema === schema);
  const id = at >= 0 ? at + 1 : state.schemas.push({ schema, references: body.references });
  const versions = state.subjects.get(subject) ?? [];
  state.subjects.set(subject, [...versions, { version: (versions.at(-1)?.version ?? 0) + 1, id, isDeleted: false }]);
  return { id };
}

function judge(state: State, subject: string, schema: string, only?: number): string[] {
  const level = state.levels.get(subject) ?? state.globalLevel;
  const olds = live(state, subject)
    .filter(({ version }) => only === undefined || version === only)
    .map(({ version, id }) => ({ version, schema: textOf(state, id) }));
  return compatibilityMessages(level, schema, olds);
}

function lookUp(call: Call): unknown {
  const subject = call.path[1] as string;
  const versions = versionsOf(call, subject);
  const schema = checkedSchema(call);
  const found = versions.find(({ id }) => textOf(call.state, id) === schema);
  if (found === undefined) throw new Refusal(40_403, 'Schema not found');
  return { subject, version: found.version, id: found.id, schema };
}

function getVersion(call: Call): unknown {
  const [, subject = '', , name = ''] = call.path;
  const { version, id } = versionNamed(call, subject, name);
  const { schema, references } = call.state.schemas[id - 1] as Registered;
  return { subject, version, id, schema, ...(references && { references }) };
}

function getSchema({ state, path }: Call): unknown {
  const found = state.schemas[Number(path[2]) - 1];
  if (found === undefined) throw new Refusal(40_403, `Schema ${path[2]} not found`);
  return { schema: found.schema, ...(found.references && { references: found.references }) };
}

function getConfig({ state, path, query }: Call): unknown {
  const subject = path[1];
  const level = subject === undefined ? state.globalLevel : state.levels.get(subject);
  if (level !== undefined) return { compatibilityLevel: level };
  if (query.get('defaultToGlobal') === 'true') return { compatibilityLevel: state.globalLevel };
  throw new Refusal(40_408, `Subject '${subject}' does not have subject-level compatibility configured`);
}

function putConfig({ state, path, body: { compatibility = '' } }: Call): unknown {
  const level = compatibility.toUpperCase();
  if (!levels.includes(level)) {
    const valid = levels.map((one) => one.toLowerCase()).join(', ');
    throw new Refusal(42_203, `Invalid compatibility level. Valid values are ${valid}`);
  }
  if (path[1] === undefined) state.globalLevel = level;
  else state.levels.set(path[1], level);
  return { compatibility: level };
}

function putMode({ state, path, body }: Call): unknown {
  state.modes.set(path[1] as string, body.mode ?? 'READWRITE');
  return { mode: body.mode };
}

function deleteSubject(call: Call): unknown {
  const { state, query } = call;
  const subject = call.path[1] as string;
  const all = state.subjects.get(subject) ?? [];
  if (all.length === 0) throw noSubject(subject);
  if (query.get('permanent') === 'true') {
    if (live(state, subject).length > 0)
      throw new Refusal(40_405, `Subject '${subject}' was not deleted first before being permanently deleted`);
    state.subjects.delete(subject);
  } else if (live(state, subject).length === 0) {
    throw new Refusal(40_404, `Subject '${subject}' was soft deleted.Set permanent=true to delete permanently`);
  }
  for (const one of all) one.isDeleted = true;
  return all.map(({ version }) => version);
}

function compatibility(call: Call): unknown {
  const { state, path, query } = call;
  const [, , subject = '', , name] = path;
  const schema = checkedSchema(call);
  const only = name === undefined || live(state, subject).length === 0 ? undefined : versionNamed(call, subject, name);
  const messages = judge(state, subject, schema, only?.version);
  return { is_compatible: messages.length === 0, ...(query.get('verbose') === 'true' && { messages }) };
}

const routes: readonly (readonly [RegExp, (call: Call) => unknown])[] = [
  [/^GET \/subjects$/, ({ state }) => [...state.subjects.keys()].filter((subject) => live(state, subject).length > 0)],
  [/^GET \/subjects\/[^/]+\/versions$/, (call) => versionsOf(call, call.path[1] as string).map((one) => one.version)],
  [/^GET \/subjects\/[^/]+\/versions\/[^/]+$/, getVersion],
  [/^POST \/subjects\/[^/]+\/versions$/, register],
  [/^POST \/subjects\/[^/]+$/, lookUp],
  [/^DELETE \/subjects\/[^/]+$/, deleteSubject],
  [/^GET \/schemas\/ids\/\d+$/, getSchema],
  [/^GET \/config(\/[^/]+)?$/, getConfig],
  [/^PUT \/config(\/[^/]+)?$/, putConfig],
  [/^PUT \/mode\/[^/]+$/, putMode],
  [/^POST \/compatibility\/subjects\/[^/]+\/versions(\/[^/]+)?$/, compatibility],
];

async function bodyOf(request: IncomingMessage): Promise<Call['body']> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (chunks.length === 0) return {};
  if (!understood.includes(request.headers['content-type'] ?? ''))
    throw new Refusal(415, 'HTTP 415 Unsupported Media Type');
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Call['body'];
}

async function answer(state: State, request: IncomingMessage): Promise<unknown> {
  const body = await bodyOf(request);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://registry');
  const route = routes.find(([pattern]) => pattern.test(`${request.method} ${pathname}`));
  if (route === undefined) throw new Refusal(404, 'HTTP 404 Not Found');
  return route[1]({ state, path: pathname.slice(1).split('/').map(decodeURIComponent), query: searchParams, body });
}

/** Codes of five digits begin with their status. */
const statusOf = (code: number): number => (code > 999 ? Math.floor(code / 100) : code);

export async function startConfluentRegistry(): Promise<ConfluentRegistry> {
  const state: State = {
    schemas: [],
    subjects: new Map(),
    levels: new Map(),
    modes: new Map(),
    globalLevel: 'BACKWARD',
  };
  const server = createServer(async (request, response) => {
    const [status, body] = await answer(state, request).then(
      (found) => [200, found] as const,
      (error: unknown) => {
        const { code, message } = error instanceof Refusal ? error : new Refusal(50_001, String(error));
        return [statusOf(code), { error_code: code, message }] as const;
      },
    );
    response.writeHead(status, { 'content-type': mediaType }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
