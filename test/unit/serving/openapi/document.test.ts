import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkoutRoot } from '../../../../ops/stack/paths.ts';
import { accessOf } from '../../../../serving/middleware/access-rules.ts';
import { createDocument } from '../../../../serving/openapi/document.ts';
import { operations } from '../../../../serving/openapi/operations.ts';
import { documented, faultsOf, sendables } from '../../../support/openapi/answers.ts';
import { createJudge } from '../../../support/openapi/json-schema.ts';

const document = createDocument({ version: '1.2.3', isSecured: true });
const paths = document.paths as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
interface Operation {
  readonly operationId: string;
  readonly description: string;
  readonly security: readonly unknown[];
  readonly responses: Readonly<Record<string, { readonly headers: object }>>;
}
const all = Object.values(paths).flatMap((methods) => Object.values(methods));

describe('the OpenAPI document', () => {
  it('is of the version and the dialect that it says', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
    expect(document.jsonSchemaDialect).toBe('https://json-schema.org/draft/2020-12/schema');
  });

  it('refers to nothing that it does not have', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"#\/components\/(schemas|headers)\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(100);
    expect(text.match(/"\$ref"/g)).toHaveLength(references.length);
    const components = document.components as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    for (const [, kind = '', name = ''] of references) expect(components[kind], name).toHaveProperty(name);
  });

  it('names each operation once', () => {
    const ids = all.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('says of each alias what it stands for', () => {
    for (const { path, method, aliases = [] } of operations) {
      for (const one of aliases) {
        expect(paths[one]?.[method]?.description).toContain(`An alias of \`${method.toUpperCase()} ${path}\`.`);
      }
    }
  });

  it('says of each operation whom it is for, as the process decides', () => {
    for (const { access, path, method, aliases = [] } of operations) {
      for (const one of [path, ...aliases]) {
        const decided = accessOf(method.toUpperCase(), one.replaceAll(/\{[^}]+\}/g, 'x'));
        expect([one, access]).toEqual([one, decided.kind === 'clients' ? decided.scope : decided.kind]);
      }
    }
  });

  it('has 401 and 403 wherever somebody must be named, and nowhere else a lock', () => {
    for (const { access, path, method } of operations) {
      const { responses = {}, security } = paths[path]?.[method] ?? {};
      const statuses = Object.keys(responses).filter((status) => ['401', '403'].includes(status));
      const isOpen = access === 'open';
      expect([path, statuses, security?.length === 0]).toEqual([path, isOpen ? [] : ['401', '403'], isOpen]);
    }
  });

  it('locks operators alone where requests need no key', () => {
    const open = createDocument({ version: '1', isSecured: false }).paths as typeof paths;
    const locked = Object.entries(open).filter(([, methods]) =>
      Object.values(methods).some(({ security }) => security.length > 0),
    );
    expect(locked.map(([path]) => path).every((path) => path.startsWith('/admin/'))).toBe(true);
    expect(locked.length).toBeGreaterThan(0);
  });

  it('knows every code that ingest gives', () => {
    const folders = ['pipeline/domain/intake', 'pipeline/stages/ingest'].map((folder) => join(checkoutRoot(), folder));
    const sources = folders.flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(join(folder, name), 'utf8')),
    );
    const given = sources.flatMap((text) => [...text.matchAll(/code: '(\w+)'/g)].map(([, code]) => code));
    expect(given.length).toBeGreaterThan(50);
    const listed = JSON.stringify(paths);
    expect([...new Set(given)].filter((code) => !listed.includes(`"${code}"`))).toEqual([]);
  });

  it('has at least one example of each operation', () => {
    expect(operations.filter(({ examples = [] }) => examples.length === 0).map(({ id }) => id)).toEqual([]);
  });

  it.each(sendables)('has an answer that fits its schema: $name', ({ operation, path, example }) => {
    const { status, body } = example.answer;
    const said = documented(operation.method, path, status);
    if (said === undefined) return expect.unreachable('the status is not documented');
    const [mediaType = ''] = Object.keys(said.content ?? {});
    if (body !== undefined) expect(faultsOf(said, mediaType, body)).toEqual([]);
  });

  it('is judged by a judge that knows every keyword in it', () => {
    const { judge } = createJudge(document);
    const { schemas } = document.components as { schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
    for (const schema of Object.values(schemas)) expect(() => judge(schema, {})).not.toThrow();
    expect(() => judge({ not: {} }, 1)).toThrow('nothing is known of the keyword not');
  });
});
