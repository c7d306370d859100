import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from '../run-tool.ts';
import { kafkaHeap, kafkaSettings } from '../settings.ts';
import type { EmbeddedContext, EmbeddedServer } from './server.ts';

const folderOf = ({ folder }: EmbeddedContext) => join(folder, 'kafka');
const propertiesOf = (context: EmbeddedContext) => join(folderOf(context), 'server.properties');
const classPath = ({ binaries }: EmbeddedContext) => join(binaries, 'kafka', '*');

/** One node that is broker and controller. */
function properties(context: EmbeddedContext): string {
  const { kafka, kafkaController } = context.state.ports;
  const all = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${kafkaController}`,
    listeners: `PLAINTEXT://127.0.0.1:${kafka},CONTROLLER://127.0.0.1:${kafkaController}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(folderOf(context), 'data'),
    ...kafkaSettings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

export const kafkaServer: EmbeddedServer = {
  name: 'kafka',
  needs: [],
  async prepare(context) {
    mkdirSync(folderOf(context), { recursive: true });
    writeFileSync(propertiesOf(context), properties(context));
    if (existsSync(join(folderOf(context), 'data', 'meta.properties'))) return;
    // A cluster id is 16 bytes in base64url, 22 characters.
    const clusterId = Buffer.from(context.state.id.padEnd(16, '0').slice(0, 16)).toString('base64url');
    const args = [
      '-cp',
      classPath(context),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      clusterId,
      '-c',
      propertiesOf(context),
    ];
    await mustRun({ command: context.java, args: ['-XX:TieredStopAtLevel=1', ...args] });
  },
  daemon(context) {
    return {
      command: context.java,
      args: [
        ...kafkaHeap.split(' '),
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-Dorg.slf4j.simpleLogger.showDateTime=true',
        '-cp',
        classPath(context),
        'kafka.Kafka',
        propertiesOf(context),
      ],
      cwd: folderOf(context),
    };
  },
  stopSignal: 'SIGTERM',
};
