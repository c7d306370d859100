import type { SerializedError } from 'vitest';
import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts tests, and as one failure each: a file that cannot be imported, a suite whose hook or body fails,
 * and an error outside any test. A test that never ended counts as failed too.
 */
export function countTests(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): TestCounts {
  let passed = 0;
  let skipped = 0;
  let failed = unhandledErrors.length;
  for (const module of modules) {
    failed += module.errors().length;
    for (const suite of module.children.allSuites()) failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed += 1;
      else if (state === 'skipped') skipped += 1;
      else failed += 1;
    }
  }
  return { passed, failed, skipped };
}

/** `N passed, N failed`, and `, N skipped` where there are any: a line that machines read. */
export function countLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** Prints the count line as the last one of the run, after the summaries of all other reporters. */
export default class CountReporter implements Reporter {
  #line = countLine({ passed: 0, failed: 1, skipped: 0 });

  onInit(): void {
    process.once('exit', () => process.stdout.write(`${this.#line}\n`));
  }

  /** A run that did not begin, for a global set-up that failed, has no test to count, but is no success. */
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[], reason: TestRunEndReason): void {
    const counts = countTests(modules, errors);
    const ended = counts.failed > 0 || (reason === 'passed' && modules.length > 0);
    this.#line = countLine(ended ? counts : { ...counts, failed: 1 });
  }
}
