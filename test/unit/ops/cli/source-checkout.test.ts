import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { sourceCheckout } from '../../../../ops/cli/source-checkout.ts';
import { checkoutRoot } from '../../../../ops/stack/paths.ts';

test('an installed package says that its schemas are changed in a checkout, instead of listing all that it lacks', () => {
  expect(sourceCheckout()).toBe(checkoutRoot());
  expect(() => sourceCheckout(tmpdir())).toThrow(
    /an installed package has no sources of schemas: run this in a checkout/,
  );
});
