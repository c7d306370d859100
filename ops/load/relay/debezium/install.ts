import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findMaven } from '../../../stack/embedded/java.ts';
import { withLock } from '../../../stack/lock.ts';
import { cacheFolder } from '../../../stack/paths.ts';
import { mustRun } from '../../../stack/run-tool.ts';

export const debeziumVersion = '3.6.0.Final';
const group = 'io.debezium';
const artifact = 'debezium-server-dist';
/** Version 3 asks for the parent's POM, which the repository does not have; version 2 takes the artifact alone. */
const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:2.10';
/** Connectors and tools that are not ours to measure: half of it. */
const leftOut = ['connectors', 'lib_opt', 'lib_metrics'];

async function fill(folder: string): Promise<void> {
  const mvn = await findMaven();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const repository = join(folder, 'repository');
  await mustRun({
    command: mvn,
    args: [
      '-q',
      `-Dmaven.repo.local=${repository}`,
      `${plugin}:get`,
      `-Dartifact=${group}:${artifact}:${debeziumVersion}:tar.gz`,
      '-Dtransitive=false',
    ],
    cwd: folder,
  });
  const file = `${artifact}-${debeziumVersion}.tar.gz`;
  const archive = join(repository, ...group.split('.'), artifact, debeziumVersion, file);
  const without = leftOut.map((name) => `--exclude=debezium-server/${name}`);
  await mustRun({ command: 'tar', args: ['-xzf', archive, '-C', folder, '--strip-components=1', ...without] });
  rmSync(repository, { recursive: true });
}

/** The folder of Debezium Server, downloaded once a machine and user: 780 MB from Maven Central. */
export async function installDebezium(say: (line: string) => void): Promise<string> {
  const folder = join(cacheFolder(), `debezium-server-${debeziumVersion}`);
  if (existsSync(folder)) return folder;
  say(`fetching Debezium Server ${debeziumVersion} from Maven Central, 780 MB, once`);
  await withLock({ path: `${folder}.lock` }, async () => {
    if (existsSync(folder)) return;
    await fill(`${folder}.new`);
    renameSync(`${folder}.new`, folder);
  });
  return folder;
}
