/** The catalogue of topics and the modules that it imports, as sources or as they are packed. */
const ours = /schemas\/(?:topics|generated\/[\w.-]+)\.[tj]s(?::\d+)?/;
const generated = /\bgenerated\//;

/**
 * What to tell where Node cannot load the catalogue of topics, which every command but `schemas generate` needs;
 * undefined for any other error.
 */
export function moduleProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const [first = '', ...frames] = (error.stack ?? '').split('\n');
  const top = frames.find((line) => /^\s+at (async )?file:/.test(line) && ours.test(line));
  const file = ours.exec(first)?.[0] ?? ours.exec(top ?? '')?.[0];
  if (file === undefined) return undefined;
  const isGenerated = generated.test(`${first} ${error.message} ${file}`);
  const remedy = isGenerated
    ? '`freshet schemas generate` writes the types anew from schemas/events; a record that schemas/topics.ts imports keeps its name'
    : 'correct it; `npx tsc --noEmit` names every place';
  const [why = ''] = error.message.split('\n');
  const what = withoutFolders(why);
  return `${file}: cannot be loaded, so topics and schemas are unknown: ${what.replace(/[.;]$/, '')}. ${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}`;
}

/** Paths as people name them, from the checkout on. */
const withoutFolders = (text: string): string => text.replace(/(?:file:\/\/)?\/\S*\/(?=schemas\/)/g, '');
