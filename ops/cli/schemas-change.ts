import { Command, InvalidArgumentError, Option } from 'commander';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { say } from './report.ts';
import { sourceCheckout } from './source-checkout.ts';

// What reads the catalogue is imported when needed: `generate` has to work while generated modules are broken.

type Collect<T> = (text: string, before: readonly T[] | undefined) => T[];

const collected =
  <T>(parse: (text: string) => T): Collect<T> =>
  (text, before) => [...(before ?? []), parse(text)];

/** Two parts, joined by the first colon. */
const pair = (what: string) => (text: string) => {
  const at = text.indexOf(':');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError(`write ${what}`);
  return [text.slice(0, at), text.slice(at + 1)] as const;
};

const texts = (option: Option) => option.argParser(collected((text: string) => text)).default([]);
const pairs = (option: Option, what: string) => option.argParser(collected(pair(what))).default([]);
const names = (text: string) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** Each field needs to say what it means. */
function documented(fields: readonly string[], docs: readonly string[]): { text: string; doc: string }[] {
  if (fields.length !== docs.length) {
    const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
    const message = `${counted(fields.length, 'field')} and ${counted(docs.length, 'doc')}: give one --doc for each field, in their order, with the unit of a number`;
    throw new FreshetError('doc_missing', message);
  }
  return fields.map((text, at) => ({ text, doc: docs[at] as string }));
}

interface EvolveOptions {
  readonly add: readonly string[];
  readonly doc: readonly string[];
  readonly rename: readonly (readonly [string, string])[];
  readonly remove: readonly string[];
  readonly addSymbol: readonly (readonly [string, string])[];
}

async function evolve(event: string, options: EvolveOptions): Promise<void> {
  const { evolveEvent } = await import('../schemas/change.ts');
  const { diffLines } = await import('../schemas/diff-text.ts');
  const changed = await evolveEvent(sourceCheckout(), event, {
    add: documented(options.add, options.doc),
    rename: options.rename.map(([from, to]) => ({ from, to })),
    remove: options.remove,
    addSymbol: options.addSymbol.map(([path, symbol]) => ({ path, symbol })),
  });
  const next = 'next: use it in the code, then `npx freshet schemas record` makes it a version';
  say({}, [...changed.files, ...diffLines(changed.diff), next]);
}

interface NewOptions {
  readonly doc: string;
  readonly field: readonly string[];
  readonly fieldDoc: readonly string[];
  readonly key: string;
  readonly partitions: number;
  readonly compact?: boolean;
  readonly retentionDays: number;
  readonly because?: string;
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
}

const reasonFor = ({ compact, retentionDays }: NewOptions): string =>
  compact
    ? 'The newest record of a key is the state, kept for ever.'
    : `State can be rebuilt from ${retentionDays} days of input.`;

async function addNew(name: string, options: NewOptions): Promise<void> {
  const { newEvent } = await import('../schemas/change.ts');
  const { doc, field, fieldDoc, because, compact, ...topic } = options;
  const files = await newEvent(sourceCheckout(), {
    ...topic,
    name,
    doc,
    fields: documented(field, fieldDoc),
    cleanup: compact ? 'compact' : 'delete',
    retentionReason: because ?? reasonFor(options),
  });
  say({}, [...files, 'next: look at both, write producers and consumers, then `npx freshet schemas record`']);
}

async function retire(topic: string, { because }: { readonly because: string }): Promise<void> {
  const { retireTopic } = await import('../schemas/change.ts');
  const since = new Date().toISOString().slice(0, 10);
  const files = await retireTopic(sourceCheckout(), topic, { since, reason: because });
  say({}, [
    ...files,
    'next: take its producers out of the code, then `npx freshet schemas record`; `freshet topics doctor` says when it is read to its end',
  ]);
}

async function generate(): Promise<void> {
  const { generateSchemas } = await import('../schemas/generate.ts');
  const changed = generateSchemas(sourceCheckout());
  say({}, changed.length > 0 ? changed : ['schemas/generated is up to date']);
}

async function record({ onto }: { readonly onto?: string }): Promise<void> {
  const { generateSchemas } = await import('../schemas/generate.ts');
  const changed = generateSchemas(sourceCheckout());
  const { recordVersions, takeRecorded } = await import('../schemas/record.ts');
  if (onto !== undefined) await takeRecorded(sourceCheckout(), onto);
  const taken = onto === undefined ? [] : [`schemas/history and test/fixtures/records are as at ${onto}`];
  const recorded = recordVersions(sourceCheckout());
  const done = recorded.length > 0 ? recorded : ['every schema is recorded already'];
  say({}, [...changed, ...taken, ...done]);
}

const wholeNumber = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('write a whole number from 1');
  return value;
};

/** `freshet schemas new | evolve | retire | generate | record`: what writes into the checkout. */
export function changeCommands(): Command[] {
  const fieldWords = 'path:type?, path:type=default, path:type[] or path:type{}; again for more';
  return [
    new Command('new')
      .description('a new event with its topic, or the next version of a topic: schema, types and catalogue entry')
      .argument('<topic>', '<domain>.<entity>.<past-tense verb>, with .v2 for the next version of one')
      .requiredOption('--doc <text>', 'what one record says')
      .requiredOption('--producers <names>', 'who writes it, comma separated', names)
      .requiredOption('--consumers <names>', 'stages that read it, comma separated', names)
      .addOption(texts(new Option('--field <field>', fieldWords)))
      .addOption(texts(new Option('--field-doc <text>', 'what a field means, one for each --field')))
      .option('--key <words>', 'what the record key is made of', 'ns|user')
      .option('--partitions <count>', '1, 2, 4, 8 or a multiple of 16; never changed later', wholeNumber, 8)
      .option('--compact', 'the newest record of a key is the state, kept for ever')
      .option('--retention-days <days>', 'how long records are kept', wholeNumber, 400)
      .option('--because <text>', 'why they are kept so long; by default, that state can be rebuilt from them')
      .action(addNew),
    new Command('evolve')
      .description(
        'change one event compatibly; refuses what its history does not allow, and says who is deployed first',
      )
      .argument('<event>', 'subject, topic, or name of its file, such as user-changed.v1')
      .addOption(texts(new Option('--add <field>', fieldWords)))
      .addOption(texts(new Option('--doc <text>', 'what an added field means, one for each --add')))
      .addOption(pairs(new Option('--rename <path:name>', 'the old name becomes an alias'), 'path:new_name'))
      .addOption(texts(new Option('--remove <path>', 'only a field with a default can go')))
      .addOption(pairs(new Option('--add-symbol <path:symbol>', 'to the enum of a field'), 'path:symbol'))
      .action(evolve),
    new Command('retire')
      .description('end a topic: nobody may write it any more, consumers read it to its end')
      .argument('<topic>')
      .requiredOption('--because <text>', 'why, for those who read the catalogue later')
      .action(retire),
    new Command('generate').description('write schemas/generated from schemas/events').action(generate),
    new Command('record')
      .description('make changed schemas the next version in schemas/history, with golden bytes; then commit both')
      .option(
        '--onto <ref>',
        'take everything recorded from this commit first: after a merge in which both branches recorded the same version',
      )
      .action(record),
  ];
}
