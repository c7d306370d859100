import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { redisArguments } from '../settings.ts';
import type { EmbeddedServer } from './server.ts';

export const redisServer: EmbeddedServer = {
  name: 'redis',
  needs: [],
  async prepare({ folder }) {
    mkdirSync(join(folder, 'redis'), { recursive: true });
  },
  daemon({ binaries, folder, state }) {
    return {
      command: join(binaries, 'redis', 'redis-server'),
      args: [
        '--bind',
        '127.0.0.1',
        '--port',
        String(state.ports.redis),
        '--dir',
        join(folder, 'redis'),
        ...redisArguments,
      ],
      cwd: join(folder, 'redis'),
    };
  },
  stopSignal: 'SIGTERM',
};
