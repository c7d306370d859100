import { join } from 'node:path';
import { FreshetError } from '../../../pipeline/kernel/errors.ts';
import { runTool, type ToolResult } from '../run-tool.ts';

const oldestJava = 17;

const remedy = [
  'The embedded stack needs Java 17 or newer, and Maven for the first download:',
  '  Debian, Ubuntu: apt-get install -y openjdk-17-jre-headless maven',
  '  Fedora: dnf install -y java-17-openjdk-headless maven',
  '  macOS: brew install openjdk@17 maven',
  'Or start a Docker engine, or point FRESHET_POSTGRES_URL, FRESHET_KAFKA_BROKERS, FRESHET_REGISTRY_URL and FRESHET_REDIS_URL at servers that run.',
].join('\n');

async function tryTool(command: string, args: readonly string[]): Promise<ToolResult | undefined> {
  try {
    return await runTool({ command, args });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The major version in the output of `java -version`, which says 1.8 where 8 is meant. */
export function javaMajor(output: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(output);
  return match ? Number(match[1]) : undefined;
}

/** The java program to use; rejects with the remedy where there is none or it is too old. */
export async function findJava(): Promise<string> {
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  const found = await tryTool(java, ['-version']);
  const major = found?.code === 0 ? javaMajor(found.output) : undefined;
  if (major !== undefined && major >= oldestJava) return java;
  const problem = found === undefined ? `${java} is not there` : `${java} is version ${major ?? 'unknown'}`;
  throw new FreshetError('stack_java_missing', `${problem}.\n${remedy}`);
}

/** The mvn program; rejects with the remedy where there is none. */
export async function findMaven(): Promise<string> {
  if ((await tryTool('mvn', ['--version']))?.code === 0) return 'mvn';
  throw new FreshetError('stack_maven_missing', `mvn is not there or does not run.\n${remedy}`);
}
