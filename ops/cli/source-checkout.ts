import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FreshetError } from '../../pipeline/kernel/errors.ts';
import { checkoutRoot } from '../stack/paths.ts';

/** The checkout with its sources. Throws FreshetError `no_checkout` in an installed package, which has none to look at or change. */
export function sourceCheckout(root = checkoutRoot()): string {
  if (existsSync(join(root, 'schemas', 'topics.ts'))) return root;
  const remedy = 'run this in a checkout of the repository; `freshet schemas diff`, `plan` and `apply` work here';
  throw new FreshetError('no_checkout', `an installed package has no sources of schemas: ${remedy}`);
}
