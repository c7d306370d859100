import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { registryEnvironment } from '../settings.ts';
import type { EmbeddedServer } from './server.ts';

export const registryServer: EmbeddedServer = {
  name: 'registry',
  needs: ['postgres'],
  async prepare({ folder }) {
    mkdirSync(join(folder, 'registry'), { recursive: true });
  },
  daemon({ binaries, java, folder, state }) {
    return {
      command: java,
      args: [
        '-Xmx384m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-jar',
        join(binaries, 'registry', 'apicurio-registry-app-3.0.9-runner.jar'),
      ],
      cwd: join(folder, 'registry'),
      env: {
        QUARKUS_HTTP_HOST: '127.0.0.1',
        QUARKUS_HTTP_PORT: String(state.ports.registry),
        QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
        ...registryEnvironment('127.0.0.1', state.ports.postgres),
      },
    };
  },
  stopSignal: 'SIGTERM',
};
