import type { FieldProblem, Parsed } from '../../../../../pipeline/domain/intake/fields.ts';
import type { IntakeRules, IntakeSettings } from '../../../../../pipeline/domain/intake/identity.ts';
import { defaultSettings } from '../../../../../pipeline/domain/settings.ts';

/** 2026-01-15T12:00:00Z */
export const receivedAt = 1_768_478_400_000;

export const rulesWith = (settings: Partial<IntakeSettings> = {}): IntakeRules => ({
  receivedAt,
  settingsOf: () => ({ ...defaultSettings, ...settings }),
  trace: null,
});

/** A valid click, to be spoilt one field at a time. */
export const click = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  event_id: 'e-1',
  user_id: 'u-1',
  item_id: 'i-1',
  type: 'click',
  ...over,
});

export const slate = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  event_id: 'e-1',
  user_id: 'u-1',
  items: [
    { item_id: 'a', position: 1 },
    { item_id: 'b', position: 2 },
  ],
  ...over,
});

export const problemsOf = (parsed: Parsed<unknown>): readonly FieldProblem[] => (parsed.ok ? [] : parsed.problems);

/** `code path` of every problem, in order. */
export const faultsOf = (parsed: Parsed<unknown>): string[] =>
  problemsOf(parsed).map(({ code, path }) => `${code} ${path}`);

export function accepted<T>(parsed: Parsed<T>): T {
  if (!parsed.ok) throw new Error(`refused: ${faultsOf(parsed).join(', ')}`);
  return parsed.value;
}
