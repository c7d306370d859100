import { escaped, pretty, prose, table } from './html.ts';
import { boundsOf, kindOf, namedSchema } from './schema.ts';
import { style } from './style.ts';

type Node = Readonly<Record<string, unknown>>;

/** The parts of an OpenAPI document that are shown. */
interface Shown {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, ShownOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Node>> };
}
interface Content {
  readonly schema: Node;
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}
interface ShownOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly description?: string;
    readonly schema: Node;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, Content>> }>
  >;
}

/** The document as one page that needs no script and loads nothing. */
export function pageOf(document: unknown): string {
  const { info, tags, paths, components } = document as Shown;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method, one })),
  );
  const groups = tags.map(({ name, description }) => {
    const own = operations.filter(({ one }) => one.tags.includes(name));
    const shown = own.map(({ path, method, one }) => operation(path, method, one)).join('');
    return `<h2 id="${anchor(name)}">${escaped(name)}</h2><p>${prose(description)}</p>${shown}`;
  });
  const schemas = Object.entries(components.schemas).map(([name, node]) => namedSchema(name, node));
  const links = [...tags.map(({ name }) => name), 'Schemas'].map(
    (name) => `<li><a href="#${anchor(name)}">${escaped(name)}</a></li>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(info.title)} ${escaped(info.version)}</title><style>${style}</style></head>
<body><header><h1>${escaped(info.title)} <span class="faint">${escaped(info.version)}</span></h1><p>${prose(info.description)}</p>
<p><a href="/openapi.json">openapi.json</a></p></header>
<nav aria-label="Parts"><ul>${links.join('')}</ul></nav>
<main>${groups.join('')}<h2 id="schemas">Schemas</h2>${schemas.join('')}</main></body></html>
`;
}

const anchor = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

function operation(path: string, method: string, one: ShownOperation): string {
  const head = `<span class="method ${escaped(method)}">${escaped(method)}</span> <span class="path">${escaped(path)}</span> <span>${escaped(one.summary)}</span>`;
  const parts = [`<p>${prose(one.description)}</p>`, parameters(one), body(one), responses(one)];
  return `<details class="op" id="${escaped(one.operationId)}"><summary>${head}</summary><div>${parts.join('')}</div></details>`;
}

function parameters({ parameters: given = [] }: ShownOperation): string {
  if (given.length === 0) return '';
  const rows = given.map((one) => [
    `<code>${escaped(one.name)}</code>`,
    `${escaped(one.in)}${one.required ? '' : ', <span class="faint">optional</span>'}`,
    kindOf(one.schema),
    [prose(one.description ?? ''), boundsOf(one.schema)].filter(Boolean).join(' '),
  ]);
  return `<h4>Parameters</h4>${table(['name', 'in', 'kind', ''], rows)}`;
}

function examples({ examples: given = {} }: Content): string {
  return Object.values(given)
    .map(({ summary, value }) => `<p class="faint">${escaped(summary)}</p>${pretty(value)}`)
    .join('');
}

function body({ requestBody }: ShownOperation): string {
  const contents = Object.entries(requestBody?.content ?? {});
  return contents
    .map(([type, one]) => `<h4>Body</h4><p>${kindOf(one.schema)}, <code>${escaped(type)}</code></p>${examples(one)}`)
    .join('');
}

function responses({ responses: given }: ShownOperation): string {
  const all = Object.entries(given);
  const rows = all.map(([status, { description, content = {} }]) => {
    const [[, one] = []] = Object.entries(content);
    const problem = ((one?.schema.allOf ?? []) as readonly Node[])[0];
    return [
      `<code>${escaped(status)}</code>`,
      prose(description),
      one === undefined ? '' : kindOf(problem ?? one.schema),
    ];
  });
  const shown = all.flatMap(([status, { content = {} }]) =>
    Object.values(content).map((one) => ({ status, text: examples(one) })),
  );
  const texts = shown.filter(({ text }) => text !== '').map(({ status, text }) => `<h4>Answer ${status}</h4>${text}`);
  return `<h4>Answers</h4>${table(['status', '', 'kind'], rows)}${texts.join('')}`;
}
