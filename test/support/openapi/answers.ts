import { createDocument } from '../../../serving/openapi/document.ts';
import type { Example, Operation } from '../../../serving/openapi/operation.ts';
import { operations } from '../../../serving/openapi/operations.ts';
import { createJudge, type Schema } from './json-schema.ts';

export interface Sendable {
  readonly operation: Operation;
  readonly path: string;
  readonly example: Example;
  /** For the name of a test. */
  readonly name: string;
}

/** Every example of the document, under each path that its operation has. */
export const sendables: readonly Sendable[] = operations.flatMap((operation) =>
  [operation.path, ...(operation.aliases ?? [])].flatMap((path) =>
    (operation.examples ?? []).map((example) => {
      const name = `${operation.method.toUpperCase()} ${path}: ${example.summary} (${example.answer.status})`;
      return { operation, path, example, name };
    }),
  ),
);

/** Path and query of an example. */
export function targetOf({ path, example }: Sendable): string {
  const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(example.path?.[name] ?? ''));
  const query = new URLSearchParams(example.query).toString();
  return query === '' ? filled : `${filled}?${query}`;
}

interface Response {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

/** Members that no schema names are faults too: a test of what is documented must see what is not. */
function strictly(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(strictly);
  if (typeof node !== 'object' || node === null) return node;
  const members = Object.fromEntries(Object.entries(node).map(([name, one]) => [name, strictly(one)]));
  return members.type === 'object' && members.properties && !('additionalProperties' in members)
    ? { ...members, additionalProperties: false }
    : members;
}

const document = createDocument({ version: '0', isSecured: true }) as {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, Response>> }>>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};
const strict = { ...document, components: { schemas: strictly(document.components.schemas) } };
const { judge } = createJudge(strict);

/** What the document says of a status of an operation; undefined where it says nothing. */
export const documented = (method: string, path: string, status: number): Response | undefined =>
  document.paths[path]?.[method]?.responses[status];

/** What is wrong with an answer by the document. */
export function faultsOf(response: Response, mediaType: string, body: unknown): readonly string[] {
  const content = response.content?.[mediaType];
  return content === undefined ? [`${mediaType} is not documented`] : judge(content.schema, body);
}
