import { forkGenerator } from '../harness/forked-generator.ts';
import type { LoadPlan, LoadResult } from './load-plan.ts';

/** Refuses a run in which any event was not accepted. */
export const startGenerator = () => forkGenerator<LoadPlan, LoadResult>(new URL('generator.ts', import.meta.url));
export type Generator = ReturnType<typeof startGenerator>;
