import type { z } from 'zod';

/** Environment variables: how each is read, what it means and what it looks like. */
export type VariableSpec = Readonly<
  Record<string, { readonly schema: z.ZodType; readonly meaning: string; readonly example: string }>
>;

export type ValuesOf<S extends VariableSpec> = { readonly [K in keyof S]: z.output<S[K]['schema']> };

type Given = Readonly<Record<string, string | undefined>>;

/** All problems at once, each with variable, expectation and example. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Throws ConfigError where there are any. */
export function refuseProblems(problems: readonly string[]): void {
  if (problems.length > 0) throw new ConfigError(`configuration is not usable:\n  ${problems.join('\n  ')}`);
}

/** What each variable says by itself; those with a problem have no value. */
export function parseVariables(spec: VariableSpec, given: Given) {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, { schema, meaning, example }] of Object.entries(spec)) {
    const result = schema.safeParse(given[name]);
    if (result.success) values[name] = result.data;
    else {
      const why = given[name] === undefined ? 'is missing' : (result.error.issues[0]?.message ?? 'is invalid');
      problems.push(`${name}: ${why} (${meaning}; for example ${name}=${example})`);
    }
  }
  return { values, problems };
}

/**
 * Some of the variables alone, for a command that needs no more; throws ConfigError. `check` tells what they say
 * against each other once each is good by itself.
 */
export function parsePart<S extends VariableSpec>(
  spec: S,
  given: Given,
  check: (values: ValuesOf<S>) => readonly string[],
): ValuesOf<S> {
  const { values, problems } = parseVariables(spec, given);
  refuseProblems(problems.length > 0 ? problems : check(values as ValuesOf<S>));
  return values as ValuesOf<S>;
}
