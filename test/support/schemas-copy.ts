import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkoutRoot } from '../../ops/stack/paths.ts';

/** A folder with this checkout's schemas, their history and golden bytes, to be changed by a test; who asks removes it. */
export function copySchemas(): string {
  const root = mkdtempSync(join(tmpdir(), 'freshet-schemas-'));
  for (const folder of ['schemas', 'test/fixtures/records']) {
    cpSync(join(checkoutRoot(), folder), join(root, folder), { recursive: true });
  }
  return root;
}
