import { avroSchema } from '../../schemas/generated/avro.ts';
import { sampleKinds, sampleOf } from './samples.ts';

/** Golden bytes of one schema version, relative to the checkout. */
export const fixtureFile = (history: string, version: number): string =>
  `test/fixtures/records/${history}/${version}.bin`;

/** One body a sample, in the order of `sampleKinds`, each after its length as 32 bits, big-endian. */
export function encodeFixture(json: string): Buffer {
  const schema = avroSchema<unknown>(json);
  const scratch = Buffer.alloc(65_536);
  return Buffer.concat(
    sampleKinds.map((kind) => {
      const end = schema.encodeInto(sampleOf(json, kind), scratch, 4);
      if (end < 0) throw new Error(`the ${kind} sample of ${schema.name} is larger than ${scratch.length} bytes`);
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
