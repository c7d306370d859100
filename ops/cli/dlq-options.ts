import type { Command } from 'commander';
import { type FilterOptions, filterOf } from '../dlq/filter-arguments.ts';
import { type Servers, withLetters } from '../dlq/open-letters.ts';
import { configuredSubmitTopics, kafkaOf, registryOf, serverOf, topicPrefix } from './connection.ts';
import { type JsonOption, jsonOption } from './report.ts';
import { wholeNumber } from './whole-number.ts';

export interface ServerOptions {
  readonly url?: string;
  readonly brokers?: string;
  readonly registry?: string;
  readonly json?: JsonOption;
}

/** Where the verbs find their servers. */
export const serversOf = ({ url, brokers, registry }: ServerOptions): Servers => ({
  postgresUrl: serverOf('postgresUrl', url),
  kafka: () => kafkaOf(brokers),
  registry: () => registryOf(registry),
  topicPrefix: topicPrefix(),
  submit: configuredSubmitTopics(),
});

export const withVerbs = <T>(options: ServerOptions, work: Parameters<typeof withLetters<T>>[1]): Promise<T> =>
  withLetters(serversOf(options), work);

export const serverOptions = (command: Command): Command =>
  command
    .option('--url <url>', 'Postgres; default FRESHET_POSTGRES_URL, else the running stack')
    .option('--brokers <list>', 'Kafka; default FRESHET_KAFKA_BROKERS, else the running stack')
    .option('--registry <url>', 'schema registry; default FRESHET_REGISTRY_URL, else the running stack')
    .option(...jsonOption);

export const filterOptions = (command: Command): Command =>
  command
    .option('--stage <name>', 'only of this stage')
    .option('--state-version <n>', 'only of this version of state', wholeNumber)
    .option('--reason <code>', 'only those set aside for this reason, such as unhandled')
    .option('--topic <name>', 'only those first read from this topic')
    .option('--since <instant>', 'last failed at or after: 2026-01-31T09:30:00Z, or 30m, 2h, 7d ago')
    .option('--until <instant>', 'last failed before')
    .option('--key <text>', 'only records of this key, such as "default|u-1"')
    .option('--event-id <id>', 'only this event')
    .option('--text <text>', 'only those whose message holds this, in any case');

/** What was asked for, as reports say it. */
export function filterConfig(options: FilterOptions): Readonly<Record<string, unknown>> {
  const { key, ...filter } = filterOf(options, Date.now());
  return key === undefined ? filter : { ...filter, key: key.toString() };
}
