import { InvalidArgumentError } from 'commander';

/** Parser of an option that counts something. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('takes a whole number from 1 on');
  return value;
}
