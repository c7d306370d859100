import { escaped, pretty, prose, table } from './html.ts';

type Node = Readonly<Record<string, unknown>>;

const nameIn = (reference: unknown): string => String(reference).split('/').at(-1) ?? '';
const link = (reference: unknown): string => `<a href="#schema-${nameIn(reference)}">${escaped(nameIn(reference))}</a>`;

/** What kind of value a schema takes, in few words, as HTML. */
export function kindOf(node: Node): string {
  if (node.$ref !== undefined) return link(node.$ref);
  const several = (node.anyOf ?? node.oneOf) as readonly Node[] | undefined;
  if (Array.isArray(node.enum)) return node.enum.map((one) => `<code>${escaped(JSON.stringify(one))}</code>`).join(' ');
  if ('const' in node) return `<code>${escaped(JSON.stringify(node.const))}</code>`;
  if (node.type === 'array') return `list of ${kindOf((node.items as Node | undefined) ?? {})}`;
  if (node.type === undefined && several !== undefined) return several.map(kindOf).join(' or ');
  if (node.type === undefined) return 'anything';
  return escaped([node.type].flat().join(' or '));
}

const bounds: readonly (readonly [string, string])[] = [
  ['minLength', 'at least %s characters'],
  ['maxLength', 'at most %s characters'],
  ['minimum', 'from %s'],
  ['maximum', 'to %s'],
  ['minItems', 'at least %s members'],
  ['maxItems', 'at most %s members'],
  ['maxProperties', 'at most %s members'],
  ['pattern', 'matches `%s`'],
];

/** The bounds of a value, in words, as HTML. */
export const boundsOf = (node: Node): string =>
  bounds
    .filter(([name]) => node[name] !== undefined)
    .map(([name, words]) => prose(words.replace('%s', () => String(node[name]).replaceAll('`', ''))))
    .join(', ');

const textOf = (node: Node): string => (typeof node.description === 'string' ? prose(node.description) : '');

function membersOf(node: Node): string {
  const properties = Object.entries((node.properties ?? {}) as Readonly<Record<string, Node>>);
  if (properties.length === 0) return '';
  const required = (node.required ?? []) as readonly string[];
  const rows = properties.map(([name, one]) => [
    `<code>${escaped(name)}</code>${required.includes(name) ? '' : ' <span class="faint">optional</span>'}`,
    kindOf(one),
    [textOf(one), boundsOf(one)].filter(Boolean).join(' '),
  ]);
  return table(['member', 'kind', ''], rows);
}

/** A named schema with its members; what members need of one another stands below as it is. */
export function namedSchema(name: string, node: Node): string {
  const cases = ['anyOf', 'allOf', 'oneOf'].filter((one) => node.type === 'object' && node[one] !== undefined);
  const needs = cases
    .map((one) => `<details><summary>Cases</summary>${pretty({ [one]: node[one] })}</details>`)
    .join('');
  const own = node.type === 'object' ? '' : `<p>${kindOf(node)} ${boundsOf(node)}</p>`;
  return `<section id="schema-${escaped(name)}"><h3>${escaped(name)}</h3><p>${textOf(node)}</p>${own}${membersOf(node)}${needs}</section>`;
}
