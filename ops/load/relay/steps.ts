/** One measurement of one system, or what prepares it. */
export interface Step {
  /** For the progress line: `drain 2/5 naive`. */
  readonly label: string;
  /** What it takes on a machine of two cores; for the estimate alone. */
  readonly expectedSeconds: number;
  /** Answers what came out, in a few words. */
  run(): Promise<string>;
}

const minutes = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;

const total = (steps: readonly Step[]): number => steps.reduce((sum, { expectedSeconds }) => sum + expectedSeconds, 0);

/** How long the steps will take, as a person says it. */
export const estimate = (steps: readonly Step[]): string => minutes(total(steps));

/**
 * Runs one step after another, a line for each. What is left is reckoned from how the steps so far compare with what
 * was expected of them.
 */
export async function runSteps(
  steps: readonly Step[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  for (const [at, step] of steps.entries()) {
    signal.throwIfAborted();
    const outcome = await step.run();
    const spent = (performance.now() - startedAt) / 1_000;
    const left = total(steps.slice(at + 1)) * (spent / total(steps.slice(0, at + 1)));
    const rest = at + 1 === steps.length ? '' : `  (${minutes(left)} left)`;
    say(`${String(at + 1).padStart(3)}/${steps.length}  ${step.label}: ${outcome}${rest}`);
  }
}
