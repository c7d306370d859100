import { InvalidArgumentError } from 'commander';

/** Parser of `--only`: names of faults, separated by semicolons. */
export const faultsAmong =
  <Name extends string>(names: readonly Name[]) =>
  (text: string): Name[] =>
    text.split(';').map((name) => {
      const known = names.find((one) => one === name.trim());
      if (!known) throw new InvalidArgumentError(`there is ${names.join('; ')}`);
      return known;
    });
