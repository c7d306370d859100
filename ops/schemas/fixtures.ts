import { avroSchema } from '../../schemas/generated/avro.ts';
import { sampleKinds, sampleOf } from './samples.ts';

/** Golden bytes of one schema version, relative to the checkout. */
export const fixtureFile = (history: string, version: number): string =>
  `test/fixtures/records/${history}/${version}.bin`;

/** One body a sample, in the order of `sampleKinds`, each after its length as 32 bits, big-endian. */
export function encodeFixture(json: string): Buffer {
  const schema = avroSchema<unknown>(json);
  let scratch = Buffer.alloc(65_536);
  return Buffer.concat(
    sampleKinds.map((kind) => {
      const value = sampleOf(json, kind);
      let end = schema.encodeInto(value, scratch, 4);
      if (end < 0) {
        scratch = Buffer.alloc(scratch.length - end);
        end = schema.encodeInto(value, scratch, 4);
      }
      scratch.writeUInt32BE(end - 4, 0);
      return Buffer.from(scratch.subarray(0, end));
    }),
  );
}

/** The bodies of a fixture. */
export function fixtureBodies(bytes: Buffer): Buffer[] {
  const bodies: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    bodies.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return bodies;
}
