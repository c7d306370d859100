import { type Fields, readTexts } from './fields.ts';

export const tagLimits = { count: 64, length: 128 } as const;

/**
 * One spelling a tag: `brand:acme`. Lower case, composed (NFC), trimmed, runs of space as one `-`, one `:` between
 * kind and name whichever of `:`, `=` or `/` was written.
 */
export function normaliseTag(tag: string): string {
  const [, kind, name] = /^([^:=/]*)[:=/]+(.*)$/s.exec(tag) ?? [undefined, '', tag];
  const clean = (part: string) => part.trim().toLowerCase().normalize('NFC').replace(/\s+/g, '-');
  const parts = [clean(kind ?? ''), clean(name ?? '')].filter((part) => part !== '');
  return parts.join(':');
}

/** Normalised, without repeats, in the order given. */
export function readTags(fields: Fields): readonly string[] {
  const tags = readTexts(fields, 'tags', tagLimits.count, { max: tagLimits.length }) ?? [];
  return [...new Set(tags.map(normaliseTag))].filter((tag) => tag !== '');
}
