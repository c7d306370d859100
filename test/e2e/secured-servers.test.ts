import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createSecuredKafka, kafkaAccount, type SecuredKafka } from '../support/secured-kafka.ts';
import { openSecuredRegistry, registryAccount, type SecuredRegistry } from '../support/secured-registry.ts';
import { startWholeProcess, type WholeProcess } from '../support/whole-process.ts';

let kafka: SecuredKafka;
let registry: SecuredRegistry;
let whole: WholeProcess;

beforeAll(async () => {
  kafka = await createSecuredKafka();
  const { authority } = kafka;
  registry = await openSecuredRegistry({ target: inject('stack').registryUrl, authority, asks: 'account' });
  const env = {
    FRESHET_KAFKA_BROKERS: kafka.brokers,
    FRESHET_KAFKA_TLS: 'true',
    FRESHET_KAFKA_TLS_CA_FILE: authority.caFile,
    FRESHET_KAFKA_SASL_MECHANISM: 'scram-sha-512',
    FRESHET_KAFKA_SASL_USERNAME: kafkaAccount.username,
    FRESHET_KAFKA_SASL_PASSWORD: kafkaAccount.password,
    FRESHET_REGISTRY_URL: registry.url,
    FRESHET_REGISTRY_TLS_CA_FILE: authority.caFile,
    FRESHET_REGISTRY_USERNAME: registryAccount.username,
    FRESHET_REGISTRY_PASSWORD: registryAccount.password,
  };
  whole = await startWholeProcess({ name: 'e2e-secured', env });
});
afterAll(async () => {
  await whole?.close();
  await registry?.close();
  await kafka?.close();
});

it('takes an event to a list over a Kafka and a registry that want TLS and a login', async () => {
  const { shopper } = whole;
  for (const item_id of ['a', 'b']) await shopper.tell({ user_id: 'other', session_id: 's', item_id });
  const event = await shopper.tell({ user_id: 'anna', item_id: 'a' });
  const list = await shopper.listReflecting('anna', event);
  expect(list).toMatchObject({ reflects: { event_id: event.event_id } });
  expect(whole.fatal).toEqual([]);
  expect(whole.errors).toEqual([]);
});
