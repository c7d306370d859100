import { z } from 'zod';

/** Schemas that the document lists under `components`, by name. */
export const components = z.registry<{ readonly id: string }>();

/** A schema under a name of its own: the document refers to it wherever it is used. */
export function named<S extends z.ZodType>(id: string, description: string, schema: S): S {
  const one = schema.describe(description);
  components.add(one, { id });
  return one;
}

/** A field that may be left out; null counts as left out, as many clients write it. */
export const optional = <S extends z.ZodType>(schema: S) => schema.nullish();

/** A field that some other field rules out. */
export const absent = z.null().optional();

/**
 * An object that must be like one of `cases` besides, in each group. Cases say what JSON schema can say of fields that
 * need one another; they are positive, so that a reader sees what is asked for.
 */
export function withCases<S extends z.ZodObject>(schema: S, ...groups: readonly (readonly z.ZodType[])[]): S {
  const fits = (value: unknown) => groups.every((cases) => cases.some((one) => one.safeParse(value).success));
  const written = groups.map((cases) => ({ anyOf: cases.map(written1) }));
  return schema.refine(fits).meta(written.length === 1 ? { ...written[0] } : { allOf: written });
}

function written1(schema: z.ZodType): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}
