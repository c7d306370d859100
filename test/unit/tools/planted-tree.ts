import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Files of a tree made up for a test: path → content. */
export type PlantedFiles = Readonly<Record<string, string>>;

/** Writes the files below a new temporary folder. */
export function plantTree(files: PlantedFiles): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-plant-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
