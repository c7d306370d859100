import { z } from 'zod';
import { currencies } from '../../../pipeline/domain/intake/currency.ts';
import { consents } from '../../../pipeline/domain/intake/identity.ts';
import { propertyLimits } from '../../../pipeline/domain/intake/properties.ts';
import {
  cleanPattern,
  currencyRule,
  decimalRule,
  defaultNamespace,
  eventIdRule,
  idRule,
  isCleanText,
  namespaceRule,
  priceRule,
  type TextRule,
  textFault,
} from '../../../pipeline/domain/intake/text.ts';
import { earliest, isoInstant, latest } from '../../../pipeline/domain/intake/timestamp.ts';
import { traceparent } from '../../../pipeline/domain/intake/traceparent.ts';
import { webAddressLength } from '../../../pipeline/domain/intake/web-address.ts';
import { named } from './named.ts';

/** Text by the very rule that the readers apply. */
export const text = (rule: TextRule) =>
  z
    .string()
    .refine((value) => textFault(value, rule) === undefined)
    .meta({ minLength: 1, maxLength: rule.max, pattern: rule.pattern?.source ?? cleanPattern });

export const id = text(idRule);
export const eventId = text(eventIdRule);
export const namespace = text(namespaceRule).describe(`A tenant; \`${defaultNamespace}\` where it is left out.`);
export const currency = text(currencyRule).describe('ISO 4217.');
/** A currency that prices are in; those of events may be others. */
export const priceCurrency = named('PriceCurrency', 'An active code of ISO 4217.', z.enum(currencies));
export const price = text(priceRule).describe(
  'A decimal number as text with at most 4 digits behind the point, such as `"19.90"`.',
);
export const webAddress = named(
  'WebAddress',
  'An absolute http or https URL without a user, kept in one spelling and without parameters that only follow a visitor.',
  text({ max: webAddressLength, pattern: /^[Hh][Tt][Tt][Pp][Ss]?:\/\// }),
);
export const decimal = text(decimalRule).describe('A decimal number as text, such as `"19.90"`.');
export const consent = z.enum(consents).describe("The namespace's `default_consent` where it is left out.");
export const trace = z.string().regex(traceparent).describe('W3C traceparent.');

export interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
}

export const number = ({ min, max, integer }: NumberRule) => {
  const plain = integer ? z.int() : z.number();
  return plain.min(min).max(max);
};

const asText = z.string().regex(isoInstant).describe('ISO-8601 with a zone, such as `2026-01-31T09:30:00Z`.');

/** An instant as clients write it. */
export const instant = named(
  'Instant',
  'ISO-8601 with a zone, or a number: below 1e11 seconds (fractions allowed), from 1e11 on milliseconds. Years 1 to 9999; ' +
    'numbers in quotes and times without a zone are refused.',
  z.union([asText, z.number().min(earliest).max(latest)]),
);

/** An instant that is not before 1970. */
export const laterInstant = named(
  'LaterInstant',
  'An instant that is not before 1970.',
  z.union([asText, z.number().min(0).max(latest)]),
);

/** An instant as answers have it. */
export const milliseconds = z.number().describe('Milliseconds since the epoch.');

/** A value of a property, which may be empty. */
export const propertyText = z
  .string()
  .refine((value) => value === '' || textFault(value, { max: propertyLimits.valueLength }) === undefined)
  .meta({ maxLength: propertyLimits.valueLength, pattern: cleanPattern });

export const propertyName = z
  .string()
  .refine((one) => one !== '' && one.length <= propertyLimits.keyLength && one !== '__proto__' && isCleanText(one))
  .meta({
    minLength: 1,
    maxLength: propertyLimits.keyLength,
    pattern: cleanPattern.replace('^', '^(?!__proto__$)'),
  });

/** A map with bounded names; members that are null are left out. */
export function boundedMap<V extends z.ZodType>(value: V) {
  return z
    .record(propertyName, value.nullable())
    .refine((map) => Object.keys(map).length <= propertyLimits.keys)
    .meta({ maxProperties: propertyLimits.keys });
}

const sizeOfMap = `Members that are null count as left out. Names and values have at most ${propertyLimits.totalBytes} bytes together.`;

export const properties = boundedMap(propertyText).describe(sizeOfMap);
export const impersonal = boundedMap(propertyText).describe(
  `${sizeOfMap} What looks like an e-mail address, a phone or a card number is refused (\`pii_suspected\`).`,
);
