import type { Operation } from './operation.ts';
import { analyticsOperations } from './resources/analytics.ts';
import { deadLetterOperations } from './resources/dead-letters.ts';
import { documentOperations } from './resources/documents.ts';
import { eventOperations } from './resources/events.ts';
import { listOperations } from './resources/lists.ts';
import { ruleOperations } from './resources/rules.ts';
import { statusOperations } from './resources/status.ts';

/** Every operation of the product; a test compares them with the routes of a process. */
export const operations: readonly Operation[] = [
  ...eventOperations,
  ...documentOperations,
  ...ruleOperations,
  ...listOperations,
  ...statusOperations,
  ...analyticsOperations,
  ...deadLetterOperations,
];
