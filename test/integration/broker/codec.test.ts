import { expect, inject, test } from 'vitest';
import { applySchemas } from '../../../ops/schemas/apply.ts';
import { sampleKinds, sampleOf } from '../../../ops/schemas/samples.ts';
import { checkoutRoot } from '../../../ops/stack/paths.ts';
import { createCodec } from '../../../pipeline/broker/registry/codec.ts';
import { createHttpRegistry } from '../../../pipeline/broker/registry/http-registry.ts';
import { systemClock } from '../../../pipeline/kernel/clock.ts';
import { TransientError } from '../../../pipeline/kernel/errors.ts';
import { createLogger } from '../../../pipeline/kernel/logger.ts';
import { avroTopics, topics } from '../../../schemas/topics.ts';

const log = createLogger('error');

const openCodec = (url = inject('stack').registryUrl) =>
  createCodec({ registry: createHttpRegistry({ url, timeoutMs: 5_000 }), clock: systemClock });

test('applying registers every subject under FULL_TRANSITIVE, and a second run finds nothing to do', async () => {
  const options = { registryUrl: inject('stack').registryUrl, root: checkoutRoot(), log };
  const first = await applySchemas(options);
  expect(first.map(({ subject }) => subject).sort()).toEqual(avroTopics.map(({ name }) => `${name}-value`).sort());
  const second = await applySchemas(options);
  expect(second.every(({ compatibilityWas }) => compatibilityWas === 'FULL_TRANSITIVE')).toBe(true);
  expect(
    second.flatMap(({ versions }) => versions).every(({ action, id }) => action === 'present' && id !== null),
  ).toBe(true);
});

test('every topic writes and reads through the registry', async () => {
  const [writing, reading] = [openCodec(), openCodec()];
  for (const topic of avroTopics) {
    const writer = await writing.writer(topic);
    for (const kind of sampleKinds) {
      const value = sampleOf(topic.schema.json, kind);
      expect(await reading.reader(topic).read(writer.write(value))).toMatchObject({ ok: true, value });
    }
  }
});

test('an id the registry does not have is schema_unknown', async () => {
  const bytes = Buffer.from([0, 0x7f, 0, 0, 0, 1]);
  expect(await openCodec().reader(topics.itemChanged).read(bytes)).toMatchObject({ reason: 'schema_unknown' });
});

test.each([
  ['a registry that is away', 'http://127.0.0.1:1/apis/ccompat/v7'],
  ['a server that is no registry', 'wrong path'],
])('%s is transient, never an unknown schema', async (_, url) => {
  const target = url === 'wrong path' ? new URL('/nothing/here', inject('stack').registryUrl).href : url;
  const codec = openCodec(target);
  await expect(codec.reader(topics.itemChanged).read(Buffer.from([0, 0, 0, 0, 1, 1]))).rejects.toBeInstanceOf(
    TransientError,
  );
  await expect(codec.writer(topics.itemChanged)).rejects.toBeInstanceOf(TransientError);
});
