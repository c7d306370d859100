/** Bytes that a machine with an empty Maven repository fetches (measured 2026-11 on linux-amd64: 206 MB). */
export const expectedBytes = 206_000_000;

const units: Readonly<Record<string, number>> = { B: 1, kB: 1_000, MB: 1_000_000, GB: 1_000_000_000 };
const finished = /Downloaded from [^\n]*? \(([\d.]+) (B|kB|MB|GB)(?: at [^)]*)?\)/g;
const running = /(?:^|[\s|])([\d.]+)(?:\/[\d.]+)? (B|kB|MB|GB)(?=\s|\||$)/g;

const bytesOf = (text: string, pattern: RegExp): number =>
  [...text.matchAll(pattern)].reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ''] ?? 0), 0);

/**
 * Reads Maven's transfer messages. `Progress (2): 4.1/109 MB | 12 kB` is the state of running transfers,
 * overwritten with carriage returns; `Downloaded from …: … (109 MB at …)` ends one.
 */
export function createDownloadMeter(): (output: string) => number {
  let done = 0;
  let inFlight = 0;
  let rest = '';
  return (output) => {
    const lines = (rest + output).split(/[\r\n]/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.includes('Downloaded from')) {
        done += bytesOf(line, finished);
        inFlight = 0;
      } else if (line.startsWith('Progress (')) inFlight = bytesOf(line.slice(line.indexOf(':') + 1), running);
    }
    return Math.round(done + inFlight);
  };
}
