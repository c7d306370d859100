import type { z } from 'zod';
import { componentSchemas, type Json, schemaOf } from './json-schema.ts';
import { type Access, type Answer, aliasOf, type Example, type Operation, tags } from './operation.ts';
import { operations } from './operations.ts';
import { problem } from './schemas/problem.ts';

export interface DocumentOptions {
  /** Of the product. */
  readonly version: string;
  /** True where requests need a key or a token; operators always do. */
  readonly isSecured: boolean;
}

const problemType = 'application/problem+json';
const jsonType = 'application/json';
const header = (name: string) => ({ $ref: `#/components/headers/${name}` });
const identityHeaders = { 'X-Request-ID': header('X-Request-ID'), 'X-Correlation-ID': header('X-Correlation-ID') };

/** Codes that any operation may have, and those of whoever needs a key or a token. */
const everywhere = { 500: ['internal'] };
const ofClients = {
  401: ['unauthenticated', 'key_invalid', 'key_expired', 'token_invalid', 'token_expired'],
  403: ['scope_missing', 'namespace_forbidden', 'user_forbidden'],
  429: ['rate_limited'],
  503: ['not_ready', 'unavailable'],
};
const byAccess: Readonly<Record<Access, Readonly<Record<number, readonly string[]>>>> = {
  open: {},
  ingest: ofClients,
  read: ofClients,
  admin: ofClients,
  operators: { 401: ['unauthenticated'], 403: ['not_an_operator'] },
};

const statusTexts: Readonly<Record<number, string>> = {
  400: 'The request makes no sense.',
  401: 'Nobody is named.',
  403: 'Whoever is named may not.',
  404: 'There is no such thing.',
  409: 'It contradicts what is stored.',
  410: 'It was there and is gone.',
  413: 'There is too much of it.',
  415: 'It is no JSON in UTF-8.',
  422: 'Nothing was stored: nothing of it is valid.',
  429: 'Too many; come back after `Retry-After`.',
  500: 'A fault on our side.',
  503: 'Something is away or full; come back after `Retry-After`.',
};

/** OpenAPI 3.1 of every operation. */
export function createDocument({ version, isSecured }: DocumentOptions): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const one of operations) {
    for (const [index, path] of [one.path, ...(one.aliases ?? [])].entries()) {
      paths[path] ??= {};
      (paths[path] as Record<string, Json>)[one.method] = operationOf(one, index, isSecured);
    }
  }
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: { title: 'Freshet', version, description: about, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: componentSchemas(), headers: headerComponents, securitySchemes },
  };
}

const about =
  'Errors are `application/problem+json` with a stable `code`; a path that does not exist answers 404 `unknown_route`, a method ' +
  'that a path does not take 405 `method_not_allowed` with `Allow`, and what is no HTTP 400 `malformed_request`. Codes may be added. ' +
  'Every answer carries `X-Request-ID` and `X-Correlation-ID`: those of the request where they are well formed, else new ones.';

const headerComponents = {
  'X-Request-ID': { description: 'Names the request.', schema: { type: 'string' } },
  'X-Correlation-ID': { description: 'Names what the client is doing.', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } },
};

const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or the token (JWT) of a user.' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key.' },
  operator: { type: 'http', scheme: 'bearer', description: 'The token of an operator (`FRESHET_ADMIN_TOKENS`).' },
};

function securityOf(access: Access, isSecured: boolean): Json {
  if (access === 'operators') return { security: [{ operator: [] }] };
  return { security: access === 'open' || !isSecured ? [] : [{ bearer: [] }, { apiKey: [] }] };
}

const accessText = (access: Access): string => {
  if (access === 'operators') return 'For operators.';
  return access === 'open' ? '' : `Scope \`${access}\`.`;
};

function operationOf(one: Operation, index: number, isSecured: boolean): Json {
  const description = [index > 0 ? aliasOf(one) : '', one.description ?? ''].filter(Boolean).join(' ');
  return {
    operationId: index === 0 ? one.id : `${one.id}Alias${index === 1 ? '' : index}`,
    tags: [one.tag],
    summary: one.summary,
    description: [description, accessText(one.access)].filter(Boolean).join(' '),
    deprecated: false,
    ...securityOf(one.access, isSecured),
    ...parametersOf(one),
    ...bodyOf(one),
    responses: responsesOf(one),
  };
}

function parametersOf({ params = {}, query = {}, examples = [] }: Operation): Json {
  const of = (place: 'path' | 'query') =>
    function parameter([name, schema]: readonly [string, z.ZodType]) {
      const { description, ...rest } = schemaOf(schema);
      const example = examples.map((each) => each[place]?.[name]).find((value) => value !== undefined);
      return {
        name,
        in: place,
        required: place === 'path' || !schema.safeParse(undefined).success,
        ...(description === undefined ? {} : { description }),
        schema: rest,
        ...(example === undefined ? {} : { example: rest.type === 'integer' ? Number(example) : example }),
      };
    };
  const parameters = [...Object.entries(params).map(of('path')), ...Object.entries(query).map(of('query'))];
  return parameters.length === 0 ? {} : { parameters };
}

const exampleName = ({ summary }: Example): string => summary.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

function bodyOf({ body, examples = [] }: Operation): Json {
  if (body === undefined) return {};
  const given = examples.filter((one) => one.body !== undefined);
  const listed = Object.fromEntries(given.map((one) => [exampleName(one), { summary: one.summary, value: one.body }]));
  return { requestBody: { required: true, content: { [jsonType]: { schema: schemaOf(body), examples: listed } } } };
}

function responsesOf(one: Operation): Json {
  const { examples = [] } = one;
  const responses: Record<string, Json> = {};
  for (const [status, codes] of Object.entries(mergedCodes(one))) {
    responses[status] = problemResponse(Number(status), codes, examplesOf(examples, Number(status)));
  }
  for (const [status, answer] of Object.entries(one.answers)) {
    responses[status] = answerResponse(answer, Number(status), examplesOf(examples, Number(status)));
  }
  return responses;
}

function mergedCodes({ access, problems = {} }: Operation): Record<string, string[]> {
  const merged: Record<string, string[]> = {};
  for (const [status, codes] of [byAccess[access], problems, everywhere].flatMap((each) => Object.entries(each))) {
    merged[status] = [...new Set([...(merged[status] ?? []), ...codes])];
  }
  return merged;
}

function examplesOf(examples: readonly Example[], status: number): Json {
  const given = examples.filter(({ answer }) => answer.status === status && answer.body !== undefined);
  if (given.length === 0) return {};
  const listed = given.map((one) => [exampleName(one), { summary: one.summary, value: one.answer.body }]);
  return { examples: Object.fromEntries(listed) };
}

const retryHeader = (status: number) =>
  status === 429 || status === 503 ? { 'Retry-After': header('Retry-After') } : {};

function problemResponse(status: number, codes: readonly string[], examples: Json): Json {
  const one = { type: 'object', properties: { status: { const: status }, code: { enum: codes } } };
  return {
    description: `${statusTexts[status] ?? 'A problem.'} Codes: ${codes.map((code) => `\`${code}\``).join(', ')}.`,
    headers: { ...identityHeaders, ...retryHeader(status) },
    content: { [problemType]: { schema: { allOf: [schemaOf(problem), one] }, ...examples } },
  };
}

function answerResponse(
  { description, schema, mediaType = jsonType, headers = {} }: Answer,
  status: number,
  examples: Json,
): Json {
  const own = Object.entries(headers).map(([name, text]) => [name, { description: text, schema: { type: 'string' } }]);
  return {
    description,
    headers: { ...identityHeaders, ...retryHeader(status), ...Object.fromEntries(own) },
    ...(schema === undefined ? {} : { content: { [mediaType]: { schema: schemaOf(schema), ...examples } } }),
  };
}
