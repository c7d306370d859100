import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseImage } from '../compose-file.ts';
import { installServers } from '../embedded/install.ts';
import { containerSpecs } from '../images.ts';
import { checkoutRoot } from '../paths.ts';
import { mustRun } from '../run-tool.ts';
import { type ServerName, serverNames } from '../server-name.ts';

const base = 'freshet-stand-in/base:bookworm';
const java = 'freshet-stand-in/java:17';
/** Machines behind a proxy that opens TLS trust an authority of their own; what runs in containers must, too. */
const authorities = '/etc/ssl/certs/ca-certificates.crt';

const say = (text: string) => void process.stderr.write(`${text}\n`);
const run = (command: string, ...args: string[]) => mustRun({ command, args });

async function hasImage(name: string): Promise<boolean> {
  return (await run('docker', 'image', 'ls', '--quiet', name)).trim() !== '';
}

/** A plain Debian from its package mirror: the only image that is not built from another. */
async function makeBase(work: string): Promise<void> {
  const root = join(work, 'root');
  await run('debootstrap', '--variant=minbase', '--include=ca-certificates,curl', 'bookworm', root);
  await run('chroot', root, 'apt-get', 'clean');
  if (existsSync(authorities)) copyFileSync(authorities, join(root, authorities));
  await run('tar', '-cf', join(work, 'base.tar'), '-C', root, '.');
  await run('docker', 'import', join(work, 'base.tar'), base);
}

interface StandIn {
  /** The folder beside this file. */
  readonly name: string;
  readonly tag: string;
  readonly from: string;
  /** What else its Dockerfile copies: name in the build's context and where it lies. */
  readonly files?: Readonly<Record<string, string>>;
}

async function build(work: string, { name, tag, from, files = {} }: StandIn): Promise<void> {
  say(`${tag}: building`);
  const context = join(work, name);
  cpSync(join(import.meta.dirname, name), context, { recursive: true });
  for (const [target, source] of Object.entries(files))
    cpSync(source, join(context, target), { recursive: true, verbatimSymlinks: true });
  await run('docker', 'build', '--build-arg', `BASE=${from}`, '--tag', tag, context);
  rmSync(context, { recursive: true });
}

/** Node of the version that this checkout pins, and npm, from the npm registry. */
async function installNode(work: string): Promise<string> {
  const { devDependencies } = JSON.parse(readFileSync(join(checkoutRoot(), 'package.json'), 'utf8'));
  const folder = join(work, 'node-packages');
  mkdirSync(folder);
  await run('npm', 'install', '--prefix', folder, '--no-audit', '--no-fund', `node@${devDependencies.node}`, 'npm@11');
  return folder;
}

async function main(work: string): Promise<void> {
  if (await hasImage(base)) say(`${base}: there already`);
  else {
    say(`${base}: debootstrap`);
    await makeBase(work);
  }
  const servers = await installServers(({ text }) => say(text));
  await build(work, { name: 'java', tag: java, from: base });
  const from: Readonly<Record<ServerName, string>> = { postgres: base, kafka: java, registry: java, redis: base };
  const specs = containerSpecs({ kafkaOutside: '127.0.0.1:9092' });
  for (const name of serverNames) {
    const files = { server: join(servers, name) };
    await build(work, { name, tag: specs[name].image, from: from[name], files });
  }
  const files = { node: await installNode(work) };
  await build(work, { name: 'node', tag: baseImage, from: base, files });
}

const work = mkdtempSync(join(tmpdir(), 'freshet-stand-ins-'));
try {
  await main(work);
} finally {
  rmSync(work, { recursive: true, force: true });
}
