import { once } from 'node:events';
import { parseConfig } from '../../../pipeline/kernel/config.ts';
import { messageOf } from '../../../pipeline/kernel/errors.ts';
import { startTestRelay } from './harness.ts';

/** A relay whose first page, read and about to be sent, waits for its parent; it tells what became of it. */
let isFirst = true;

await startTestRelay({
  config: parseConfig(process.env),
  isFenced: (topic) => topic === 'compacted',
  guarded: process.argv[2] === 'guarded',
  async gate(send) {
    if (!isFirst) return send();
    isFirst = false;
    process.send?.('read');
    await once(process, 'message');
    try {
      await send();
      process.send?.('sent');
    } catch (error) {
      process.send?.(`refused: ${messageOf(error)}`);
      throw error;
    }
  },
});
