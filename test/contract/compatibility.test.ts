import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, inject, test } from 'vitest';
import { isAvros } from '../../ops/schemas/compatibility.ts';
import { levelMismatches } from '../../ops/schemas/compatibility-level.ts';
import { createRegistryAdmin } from '../../ops/schemas/registry-admin.ts';
import { compatibilityLevels } from '../../schemas/topic.ts';
import { schemaVersions } from '../support/avro-schemas.ts';

const cases = 240;
const atOnce = 6;
const levels = compatibilityLevels.filter((level) => level !== 'NONE');

/**
 * Asked of a registry that goes by Avro's own library. What it does not say is left out of the comparison: that a
 * namespace or a logical type changed (`isAvros`), which its library resolves and readers here must not.
 */
test(`our checker and the registry give one verdict on ${cases} histories, under every level`, async ({ annotate }) => {
  const registry = createRegistryAdmin({ url: inject('stack').registryUrl });
  const history = fc.tuple(fc.constantFrom(...levels), fc.integer({ min: 2, max: 4 }).chain(schemaVersions));
  const seed = Number.parseInt(randomUUID().slice(0, 7), 16);
  const drawn = fc.sample(history, { numRuns: cases, seed });
  let [pairs, compatible] = [0, 0];
  const compare = async ([level, versions]: (typeof drawn)[number], number: number) => {
    const subject = `pairs.${seed}.${number}-value`;
    const candidate = versions.at(-1) as string;
    const before = [...new Set(versions.slice(0, -1))];
    for (const [at, json] of before.entries()) {
      await registry.register(subject, json);
      if (at === 0) await registry.setCompatibility(subject, 'NONE'); // those before need not fit each other
    }
    await registry.setCompatibility(subject, level);
    const theirs = await registry.verdict(subject, candidate);
    const ours = levelMismatches(level, candidate, before).filter(isAvros);
    pairs += before.length;
    compatible += ours.length === 0 ? 1 : 0;
    expect({ isCompatible: ours.length === 0, seed, level, before, candidate }).toMatchObject({
      isCompatible: theirs.isCompatible,
    });
  };
  for (let from = 0; from < drawn.length; from += atOnce) {
    await Promise.all(drawn.slice(from, from + atOnce).map((one, at) => compare(one, from + at)));
  }
  expect(compatible).toBeGreaterThan(cases / 10);
  expect(compatible).toBeLessThan(cases - cases / 10);
  await annotate(`${pairs} pairs in ${cases} histories (seed ${seed}), ${compatible} compatible: no disagreement`);
});
