import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { kafkaNames, translateKafka } from '../../../../../pipeline/broker/kafka/client.ts';
import { FreshetError, TransientError } from '../../../../../pipeline/kernel/errors.ts';

const { KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } = kafkajs;

/** The driver's constructors as they are, beyond what its type declarations say. */
const protocolError = (type: string): Error =>
  Reflect.construct(KafkaJSProtocolError, [{ type, code: 10, message: `broker says ${type}`, retriable: false }]);
const wrapped = (cause: Error): Error => Reflect.construct(KafkaJSNonRetriableError, [cause, { cause }]);
const exceeded = (cause: Error): Error =>
  Reflect.construct(KafkaJSNumberOfRetriesExceeded, [cause, { retryCount: 5, retryTime: 1 }]);

test.each([
  ['MESSAGE_TOO_LARGE', 'record_too_large'],
  ['RECORD_LIST_TOO_LARGE', 'record_too_large'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'topic_unknown'],
  ['INVALID_RECORD', 'record_invalid'],
])('%s becomes the permanent code %s, however deep the driver wraps it', (type, code) => {
  for (const error of [protocolError(type), wrapped(protocolError(type)), exceeded(wrapped(protocolError(type)))]) {
    const translated = translateKafka(error);
    expect(translated).toBeInstanceOf(FreshetError);
    expect(translated).not.toBeInstanceOf(TransientError);
    expect(translated.code).toBe(code);
    expect(translated.cause).toBe(error);
  }
});

test.each([
  new Error('Connection terminated unexpectedly'),
  protocolError('NOT_LEADER_FOR_PARTITION'),
  protocolError('TOPIC_AUTHORIZATION_FAILED'),
  'a string',
  undefined,
])('an error nobody listed is transient: %s', (error) => {
  expect(translateKafka(error)).toBeInstanceOf(TransientError);
});

test.each([
  ['UNSUPPORTED_SASL_MECHANISM', 'set FRESHET_KAFKA_SASL_MECHANISM to one that the brokers offer'],
  ['SASL_AUTHENTICATION_FAILED', 'FRESHET_KAFKA_SASL_USERNAME with FRESHET_KAFKA_SASL_PASSWORD'],
])('a login that is refused with %s is transient and says what to set', (type, remedy) => {
  const translated = translateKafka(exceeded(wrapped(protocolError(type))));
  expect(translated).toBeInstanceOf(TransientError);
  expect(translated.message).toContain(remedy);
});

test.each([
  ['CERT_HAS_EXPIRED', 'is not valid now'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'use a name in FRESHET_KAFKA_BROKERS that the certificate has'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'FRESHET_KAFKA_TLS_CA_FILE'],
])('a certificate that is refused with %s says what to do', (code, remedy) => {
  const error = Object.assign(new Error('Connection error'), { code });
  expect(translateKafka(exceeded(error)).message).toContain(remedy);
});

test('an error that is already ours passes through', () => {
  const ours = new FreshetError('record_too_large', 'too large');
  expect(translateKafka(ours)).toBe(ours);
});

test('a prefix is put before topics and groups and taken off again', () => {
  const names = kafkaNames('staging.');
  expect(names.topic('catalog.item.changed.v1')).toBe('staging.catalog.item.changed.v1');
  expect(names.group('enrichment')).toBe('staging.enrichment');
  expect(names.logicalTopic('staging.catalog.item.changed.v1')).toBe('catalog.item.changed.v1');
  expect(names.logicalTopic('other.catalog.item.changed.v1')).toBeUndefined();
});
