import { type Fields, readObject, report } from './fields.ts';
import { looksPersonal } from './pii.ts';
import { type Fault, isCleanText, textFault } from './text.ts';

export const propertyLimits = { keys: 32, keyLength: 64, valueLength: 1_024, totalBytes: 4_096 } as const;

export interface PropertiesRule {
  /** Refuse e-mail addresses, phone and card numbers. */
  readonly refusePersonal: boolean;
}

const personal: Fault = {
  code: 'pii_suspected',
  message: 'looks like an e-mail address, a phone or a card number',
};

/** A faulty name is never shown: it is as much the client's data as the value. */
function nameFault(name: string, rule: PropertiesRule): Fault | undefined {
  const { keyLength } = propertyLimits;
  if (name.length > keyLength) {
    return { code: 'too_long', message: `names have at most ${keyLength} characters`, limit: keyLength };
  }
  if (name === '' || name === '__proto__' || !isCleanText(name)) {
    return { code: 'malformed_text', message: 'names must be well-formed, not empty, without control characters' };
  }
  return rule.refusePersonal && looksPersonal('', name) ? personal : undefined;
}

function valueFault(name: string, value: unknown, rule: PropertiesRule): Fault | undefined {
  if (value === '') return undefined;
  const fault = textFault(value, { max: propertyLimits.valueLength });
  if (fault) return fault;
  return rule.refusePersonal && looksPersonal(name, value as string) ? personal : undefined;
}

/** True where the property may be kept. */
function checkProperty(fields: Fields, name: string, rule: PropertiesRule): boolean {
  const ofName = nameFault(name, rule);
  const fault = ofName ?? valueFault(name, fields.source[name], rule);
  if (fault) report(fields, ofName ? '' : name, fault);
  return fault === undefined;
}

/** A map of bounded strings; an empty value is allowed, numbers are not turned into text. */
export function readPropertyMap(fields: Fields, rule: PropertiesRule): Readonly<Record<string, string>> {
  const names = Object.keys(fields.source).filter((name) => fields.source[name] !== null);
  const { keys, totalBytes } = propertyLimits;
  if (names.length > keys) {
    report(fields, '', { code: 'too_many', message: `at most ${keys} are allowed`, limit: keys });
    return {};
  }
  const result: Record<string, string> = {};
  let bytes = 0;
  for (const name of names) {
    if (!checkProperty(fields, name, rule)) continue;
    const value = fields.source[name] as string;
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    result[name] = value;
  }
  if (bytes > totalBytes)
    report(fields, '', {
      code: 'too_large',
      message: `names and values have at most ${totalBytes} bytes`,
      limit: totalBytes,
    });
  return result;
}

export function readProperties(fields: Fields, name: string, rule: PropertiesRule): Readonly<Record<string, string>> {
  const map = readObject(fields, name);
  return map === null ? {} : readPropertyMap(map, rule);
}
