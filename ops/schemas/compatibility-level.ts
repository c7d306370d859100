import type { CompatibilityLevel } from '../../schemas/topic.ts';
import { type Incompatibility, incompatibilities } from './compatibility.ts';

/** `backward`: today's readers read what is stored. `forward`: readers deployed earlier read what is written today. */
export type Direction = 'backward' | 'forward';

export interface VersionMismatch extends Incompatibility {
  readonly direction: Direction;
  /** Number of the version that does not fit, from 1. */
  readonly version: number;
}

export const directionsOf = (level: CompatibilityLevel): readonly Direction[] =>
  (['backward', 'forward'] as const).filter(
    (direction) => level.startsWith('FULL') || level.startsWith(direction.toUpperCase()),
  );

/** Every place where a schema breaks a level against the versions before it, in their order; the texts are JSON. */
export function levelMismatches(
  level: CompatibilityLevel,
  json: string,
  versions: readonly string[],
): VersionMismatch[] {
  const numbered = versions.map((text, at) => ({ text, version: at + 1 }));
  const compared = level.endsWith('_TRANSITIVE') ? numbered : numbered.slice(-1);
  return compared.flatMap(({ text, version }) =>
    directionsOf(level).flatMap((direction) => {
      const [reader, writer] = direction === 'backward' ? [json, text] : [text, json];
      return incompatibilities(reader, writer).map((one) => ({ ...one, direction, version }));
    }),
  );
}
