#!/usr/bin/env node
// Plain JavaScript: whatever Node a machine has must be able to read this file and hand over to one that is new enough.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import * as module from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const source = fileURLToPath(new URL('main.ts', import.meta.url));
// What npm pack makes has JavaScript instead: Node strips no types below node_modules.
const packed = !existsSync(source);
const main = packed ? fileURLToPath(new URL('../../dist/ops/cli/main.js', import.meta.url)) : source;
const neededNode = packed ? 22 : 24;

function hasTerminal() {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

function runHere() {
  module.enableCompileCache?.(); // stripping types anew takes 0.5 s of CPU and 30 MB at each start
  return import(pathToFileURL(main).href);
}

function handOver() {
  const node = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));
  if (packed || !existsSync(node)) {
    const remedy = packed ? '' : '; run npm ci in its checkout first';
    process.stderr.write(`freshet needs Node ${neededNode}, this is ${process.version}${remedy}\n`);
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal's Ctrl-C reaches the child by itself: passed on too, it would count as the second, immediate one.
  const passOn = (signal) => () => child.kill(signal);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, passOn(signal));
  process.on('SIGINT', hasTerminal() ? () => {} : passOn('SIGINT'));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

if (Number(process.versions.node.split('.')[0]) >= neededNode) await runHere();
else handOver();
