import { Command } from 'commander';
import { defaultArea } from '../demo/area.ts';
import { runDemo } from '../demo/demo.ts';
import { exampleSessions } from '../demo/summary.ts';
import { firstSignal } from '../process/signals.ts';
import { checkoutRoot } from '../stack/paths.ts';
import { type JsonOption, jsonOption, writeReport } from './report.ts';
import { createStackDisplay } from './stack-display.ts';
import { wholeNumber } from './whole-number.ts';

interface Options {
  readonly once?: boolean;
  readonly json?: JsonOption;
  readonly limit?: number;
  readonly resume?: boolean;
  readonly area: number;
}

const say = (text: string) => void process.stderr.write(`${text}\n`);

async function demo(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const { received, aborted } = firstSignal();
  const stack = createStackDisplay();
  const level = process.env.FRESHET_LOG_LEVEL ?? 'error';
  try {
    const run = await runDemo({
      root: checkoutRoot(),
      area: options.area,
      limit: options.limit,
      resume: options.resume === true,
      signal: aborted,
      onProgress: stack.onProgress,
      logLevel: level,
    });
    const { summary } = run;
    const config = { limit: run.state.limit, area: options.area, resumed: options.resume === true };
    await writeReport(options.json, { command: 'demo', startedAt, config, runs: run.stages, summary });
    tell(run);
    if (summary.broken.length > 0) process.exitCode = 1;
    if (options.once !== true) {
      say(
        `\nstill running: ${run.url}/v1/recommendations/{user_id}?namespace=demo · ${run.url}/healthz · ${run.url}/metrics`,
      );
      say('Ctrl-C stops it; the servers stay up until `npx freshet stack down`');
      await received;
    }
    await run.stop();
  } catch (error) {
    if (!aborted.aborted) throw error;
    process.exitCode = 130;
  } finally {
    stack.close();
  }
}

function tell({ summary, asked }: Awaited<ReturnType<typeof runDemo>>): void {
  const { freshnessMs: fresh, popularity } = summary;
  for (const line of exampleSessions(asked.predictions)) say(line);
  say('');
  say(
    `accepted ${summary.accepted} = outbox ${summary.outbox} = topic ${summary.published} = counted ${summary.counted}`,
  );
  say(
    `lost ${summary.lost} · counted twice ${summary.countedTwice} · sent again ${summary.duplicates} · rejected ${summary.rejected}`,
  );
  say(`event → list: p50 ${fresh.p50} ms, p99 ${fresh.p99} ms, over 10 s ${summary.misses}`);
  say(
    `HR@20 ${summary.hrAt20} · MRR@20 ${summary.mrrAt20} (popularity: ${popularity.hrAt20} · ${popularity.mrrAt20}), ${summary.predictions} predictions`,
  );
  if (!summary.judged)
    say('the lists are not judged: the run was shortened, or went on after some were asked for already');
  say(`took ${(summary.durationMs / 1_000).toFixed(1)} s`);
  for (const words of summary.broken) say(`BROKEN: ${words}`);
}

/** `freshet demo`: the main job on a real click log. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('run the whole pipeline on a real click log, compare every event, judge the lists')
    .option('--once', 'exit when done: 0 only when every promise held')
    .option('--limit <clicks>', 'replay only the newest clicks of the training days; lists are not judged', wholeNumber)
    .option('--resume', 'go on with the last run after a crash')
    .option('--area <number>', 'Redis database; runs of different areas go side by side', wholeNumber, defaultArea)
    .option(...jsonOption)
    .action(demo);
}
