import type { Component } from '../kernel/component.ts';
import { createDlqIndex, indexedDeadLetters } from '../stages/dlq-index/dlq-index.ts';
import { createDlqExpiry } from '../stages/dlq-index/expiry.ts';
import { createDlqSampler } from '../stages/dlq-index/sampler.ts';
import { createPostgresDeadLetterIndex } from '../stores/postgres/dead-letters.ts';
import { installedTopics } from './installed-topics.ts';
import type { ProcessContext, Resources } from './resources.ts';
import { stageComponent } from './stage-component.ts';

export function dlqIndexRole(context: ProcessContext, resources: Resources): Component[] {
  const index = createPostgresDeadLetterIndex(resources.database);
  const sources = installedTopics(context.config.FRESHET_SUBMIT_TOPICS).deadLetters;
  const stage = createDlqIndex({ index, topics: sources });
  const deadLetters = indexedDeadLetters({ index }, context.appVersion);
  return [
    stageComponent(context, resources, { stage, sources, deadLetters }),
    createDlqExpiry({ ...context, index }),
    createDlqSampler({ ...context, index }),
  ];
}
