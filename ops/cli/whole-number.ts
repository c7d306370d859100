import { InvalidArgumentError } from 'commander';

/** Parser of an option that counts something. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('takes a whole number from 1 on');
  return value;
}

/** Parser of an option that numbers something from 0 on. */
export function naturalNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('takes a whole number from 0 on');
  return value;
}
