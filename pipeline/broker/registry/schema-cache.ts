import type { Clock } from '../../kernel/clock.ts';
import type { RegistryClient } from './registry-client.ts';

export interface SchemaCacheOptions {
  readonly registry: RegistryClient;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly unknownForMs: number;
}

/** Schema texts by id. Known texts stay for ever; unknown ids are asked for again after a while. */
export interface SchemaCache {
  /** True while the registry's "not known" is believed. */
  isUnknown(id: number): boolean;
  /** One request at a time an id, however many wait for it; an outage is not remembered. */
  get(id: number): Promise<string | undefined>;
}

/** Broken values name ids at random: so many of them are remembered, the oldest go first. */
const maxUnknown = 10_000;

export function createSchemaCache({ registry, clock, unknownForMs }: SchemaCacheOptions): SchemaCache {
  const texts = new Map<number, Promise<string | undefined>>();
  const unknownUntil = new Map<number, number>();
  const rememberUnknown = (id: number) => {
    unknownUntil.delete(id);
    unknownUntil.set(id, clock.monotonic() + unknownForMs);
    const [oldest] = unknownUntil.keys();
    if (unknownUntil.size > maxUnknown && oldest !== undefined) unknownUntil.delete(oldest);
  };
  return {
    isUnknown: (id) => (unknownUntil.get(id) ?? Number.NEGATIVE_INFINITY) > clock.monotonic(),
    get(id) {
      const known = texts.get(id);
      if (known !== undefined) return known;
      const asked = registry.schemaById(id);
      texts.set(id, asked);
      asked.then(
        (text) => {
          if (text !== undefined) return;
          texts.delete(id);
          rememberUnknown(id);
        },
        () => texts.delete(id),
      );
      return asked;
    },
  };
}
