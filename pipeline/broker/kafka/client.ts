import { type ISocketFactory, Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs';
import { FreshetError, messageOf, TransientError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { KafkaConnection } from '../../kernel/server-connections.ts';
import { accessRemedy } from './access-remedy.ts';
import { mendRequestQueues } from './request-queue.ts';

export interface KafkaClientOptions extends KafkaConnection {
  readonly clientId: string;
  readonly log: Logger;
  /** Where connections are opened in another way than the driver's own. */
  readonly socketFactory?: ISocketFactory;
}

/**
 * The driver's client. It retries little by itself: whoever calls a port decides how to wait.
 * Retry settings are explicit because kafkajs takes others where NODE_ENV is `test`.
 */
export function createKafka({ clientId, log, socketFactory, ...connection }: KafkaClientOptions): Kafka {
  const config: KafkaConfig = {
    ...driverConnection(connection),
    clientId,
    connectionTimeout: 3_000,
    requestTimeout: 30_000,
    enforceRequestTimeout: true,
    retry: { initialRetryTime: 100, multiplier: 2, maxRetryTime: 1_000, retries: 4 },
    logLevel: logLevel.INFO,
    logCreator: () => bridgeLog(log),
    ...(socketFactory && { socketFactory }),
  };
  mendRequestQueues();
  return new Kafka(config);
}

/** How any client of the driver reaches a cluster; the one place that tells it of TLS and of passwords. */
export function driverConnection({
  brokers,
  tls,
  sasl,
}: KafkaConnection): Pick<KafkaConfig, 'brokers' | 'ssl' | 'sasl'> {
  return {
    brokers: brokers.split(',').map((broker) => broker.trim()),
    ...(tls && { ssl: { ...tls } }),
    ...(sasl && { sasl: { ...sasl } as SASLOptions }),
  };
}

/** kafkajs logs errors that heal by themselves; callers log what someone must act on. */
function bridgeLog(log: Logger) {
  return ({ level, namespace, log: entry }: KafkaLogEntry): void => {
    const { timestamp: _, logger: __, stack: ___, message, ...fields } = entry;
    const bindings = { kafkajs: namespace, ...fields };
    if (level === logLevel.ERROR || level === logLevel.WARN) log.warn(bindings, message);
    else log.debug(bindings, message);
  };
}

interface KafkaLogEntry {
  readonly namespace: string;
  readonly level: logLevel;
  readonly log: { readonly message: string; readonly [name: string]: unknown };
}

/** Maps catalogue names to the cluster's: an installation's prefix is put before topics and group ids. */
export interface KafkaNames {
  topic(logical: string): string;
  group(logical: string): string;
  /** The catalogue's name of a physical topic; undefined where it is not of this installation. */
  logicalTopic(physical: string): string | undefined;
}

export function kafkaNames(prefix: string): KafkaNames {
  return {
    topic: (logical) => prefix + logical,
    group: (logical) => prefix + logical,
    logicalTopic: (physical) => (physical.startsWith(prefix) ? physical.slice(prefix.length) : undefined),
  };
}

/** INVALID_TIMESTAMP is not among them: the producer stamps with its own clock, and no record is at fault for that. */
const permanentCodes: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: 'record_too_large',
  RECORD_LIST_TOO_LARGE: 'record_too_large',
  UNKNOWN_TOPIC_OR_PARTITION: 'topic_unknown',
  INVALID_TOPIC_EXCEPTION: 'topic_unknown',
  INVALID_RECORD: 'record_invalid',
};

/** The broker's error types, such as NOT_LEADER_FOR_PARTITION: they may lie below the driver's retry wrappers. */
export function brokerErrors(error: unknown): { readonly type: string; readonly message: string }[] {
  const found: { type: string; message: string }[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    const { type } = at as { type?: unknown };
    if (typeof type === 'string') found.push({ type, message: messageOf(at) });
  }
  return found;
}

/**
 * What a port throws for an error of the driver: one of three permanent codes, else TransientError. A login or a
 * certificate that is refused is among the latter, with its remedy: the cluster's side of it can change meanwhile.
 */
export function translateKafka(error: unknown): FreshetError {
  if (error instanceof FreshetError) return error;
  for (const { type, message } of brokerErrors(error)) {
    const code = permanentCodes[type];
    if (code !== undefined) return new FreshetError(code, message, { cause: error, fields: { type } });
  }
  const remedy = accessRemedy(error);
  const message = remedy === undefined ? messageOf(error) : `${messageOf(error)}; ${remedy}`;
  return new TransientError('kafka_unavailable', message, { cause: error });
}
