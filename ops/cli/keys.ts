import { Command } from 'commander';
import { listApiKeys } from '../../pipeline/stores/postgres/api-key-rows.ts';
import { type Database, openDatabase } from '../../pipeline/stores/postgres/database.ts';
import { durationOf, expiryOf, nameOf, namespacesOf, rateOf, scopesOf } from '../keys/arguments.ts';
import { createKey, type MadeKey, revokeKey, rotateKey } from '../keys/keys.ts';
import { keyDocument, keyLines, rightsLine, stateOf } from '../keys/lines.ts';
import { type ActorOptions, actorOf } from '../outbox/audit.ts';
import { serverOf } from './connection.ts';
import { becauseOption, operatorOption } from './outbox-options.ts';
import { type JsonOption, jsonOption, say, writeReport } from './report.ts';

interface Options extends ActorOptions {
  readonly url?: string;
  readonly json?: JsonOption;
}

async function withDatabase<T>({ url }: Options, work: (database: Database) => Promise<T>): Promise<T> {
  const postgresUrl = serverOf('postgresUrl', url);
  const database = openDatabase({ url: postgresUrl, maxConnections: 1, onIdleError: () => undefined });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

const keptNowhere = 'this is shown once and kept nowhere: hand it to whoever needs it';

/** The secret goes to stdout alone: into the lines, or into the document where that is what stdout has. */
async function reportMade(
  options: Options,
  verb: string,
  { key, text }: MadeKey,
  { lines = [], config = {} }: { lines?: readonly string[]; config?: Readonly<Record<string, unknown>> } = {},
): Promise<void> {
  const isDocument = options.json === true;
  const rights = `${key.id} (${key.name}): ${rightsLine(key)}`;
  say(options, [rights, ...lines, ...(isDocument ? [] : [keptNowhere, text])]);
  await writeReport(options.json, {
    command: `keys ${verb}`,
    startedAt: new Date().toISOString(),
    config,
    runs: [],
    summary: { ...keyDocument(key, Date.now()), ...(isDocument ? { key: text } : {}) },
  });
}

interface CreateOptions extends Options {
  readonly name: string;
  readonly scopes: string;
  readonly namespaces?: string;
  readonly rate?: string;
  readonly expires?: string;
}

async function create(options: CreateOptions): Promise<void> {
  const actor = actorOf(options);
  const rights = {
    name: nameOf(options.name),
    scopes: scopesOf(options.scopes),
    namespaces: namespacesOf(options.namespaces),
    maxRequestsPerSecond: options.rate === undefined ? null : rateOf(options.rate),
    expiresInMs: options.expires === undefined ? null : expiryOf(options.expires, Date.now()),
  };
  const made = await withDatabase(options, (database) => createKey(database, actor, rights));
  await reportMade(options, 'create', made);
}

async function list(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const keys = await withDatabase(options, listApiKeys);
  const now = Date.now();
  say(options, keyLines(keys, now));
  await writeReport(options.json, {
    command: 'keys list',
    startedAt,
    config: {},
    runs: keys.map((key) => keyDocument(key, now)),
    summary: { active: keys.filter((key) => stateOf(key, now) === 'active').length },
  });
}

async function rotate(id: string, options: Options & { overlap: string; expires?: string }): Promise<void> {
  const actor = actorOf(options);
  const overlapMs = durationOf('--overlap', options.overlap);
  const expiry = options.expires === undefined ? {} : { expiresInMs: expiryOf(options.expires, Date.now()) };
  const made = await withDatabase(options, (database) => rotateKey(database, actor, { id, overlapMs, ...expiry }));
  const lines = [`${id} is good until ${new Date(made.oldEndsAt).toISOString()}`];
  await reportMade(options, 'rotate', made, { lines, config: { id, overlapMs } });
}

async function revoke(id: string, options: Options): Promise<void> {
  const actor = actorOf(options);
  const startedAt = new Date().toISOString();
  const key = await withDatabase(options, (database) => revokeKey(database, actor, id));
  say(options, [`${id} (${key.name}) is revoked; processes hear of it within two seconds`]);
  const summary = { id, name: key.name };
  await writeReport(options.json, { command: 'keys revoke', startedAt, config: { id }, runs: [], summary });
}

/** `freshet keys create | list | rotate | revoke`. */
export function keysCommand(): Command {
  const command = new Command('keys').description('Keys of clients of the HTTP surface');
  const verb = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .option('--url <url>', 'Postgres; default FRESHET_POSTGRES_URL, else the running stack')
      .option(...jsonOption);
  const changing = (one: Command) => one.option(...becauseOption).option(...operatorOption);
  const expires = [
    '--expires <when>',
    'when it ends: 90d from now, or 2030-01-31T09:30:00Z; never by default',
  ] as const;
  changing(verb('create', 'a new key; its secret is shown once'))
    .requiredOption('--name <text>', 'for people: whose it is')
    .requiredOption('--scopes <list>', 'ingest, read, admin, comma separated; admin may do everything')
    .option('--namespaces <list>', 'comma separated; all by default')
    .option('--rate <n>', 'most requests a second in each process')
    .option(...expires)
    .action(create);
  verb('list', 'every key, its rights and whether it is in force').action(list);
  changing(verb('rotate', 'a new secret with the same rights; the old one goes on for a while'))
    .argument('<id>', 'as list shows it')
    .option('--overlap <time>', 'how long the old one goes on', '24h')
    .option(expires[0], 'when the new one ends; by default as long after now as the old one was made for')
    .action(rotate);
  changing(verb('revoke', 'end a key now')).argument('<id>', 'as list shows it').action(revoke);
  return command;
}
