import { parseConfig } from '../../../pipeline/kernel/config.ts';
import { startTestRelay } from './harness.ts';

/** A relay in a process of its own, so that a test can kill it. */
await startTestRelay({ config: parseConfig(process.env), pageRecords: 50, isFenced: (topic) => topic === 'compacted' });
