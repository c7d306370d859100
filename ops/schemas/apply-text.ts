import type { AppliedSubject } from './apply.ts';

/** What was done, or would be, as lines for a terminal; none where there was nothing to do. */
export function appliedLines({ subject, compatibilityWas, compatibility, versions }: AppliedSubject): string[] {
  const isNew = versions.every(({ action }) => action !== 'present');
  const level =
    compatibilityWas === compatibility || (isNew && compatibilityWas === null)
      ? []
      : [`${'compatibility'.padEnd(14)} ${subject} ${compatibilityWas ?? "the registry's own"} → ${compatibility}`];
  const registered = versions
    .filter(({ action }) => action !== 'present')
    .map(({ version, id, action }) => `${action.padEnd(14)} ${subject} v${version}${id === null ? '' : ` (id ${id})`}`);
  return [...level, ...registered];
}

/** Number of versions that were registered, or in a dry run would be. */
export const newVersions = (subjects: readonly AppliedSubject[]): number =>
  subjects.flatMap(({ versions }) => versions).filter(({ action }) => action !== 'present').length;
