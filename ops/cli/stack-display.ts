import { SingleBar } from 'cli-progress';
import type { OnProgress } from '../stack/progress.ts';

export interface StackDisplay {
  readonly onProgress: OnProgress;
  close(): void;
}

/** Shows a start on stderr: a bar for the download on a terminal, one line a change elsewhere. */
export function createStackDisplay(stream: NodeJS.WriteStream = process.stderr): StackDisplay {
  let bar: SingleBar | undefined;
  let lastTenth = -1;
  const closeBar = () => {
    bar?.stop();
    bar = undefined;
  };
  const line = (subject: string, text: string) => stream.write(`${subject.padEnd(8)} ${text}\n`);
  const showShare = (text: string, share: number) => {
    if (stream.isTTY) {
      bar ??= new SingleBar({ stream, format: 'download {bar} {percentage} % · {text}', hideCursor: true });
      if (!bar.isActive) bar.start(100, 0, { text });
      bar.update(Math.round(share * 100), { text });
    } else if (Math.floor(share * 10) > lastTenth) {
      lastTenth = Math.floor(share * 10);
      line('download', text);
    }
    if (share >= 1) closeBar();
  };
  return {
    onProgress({ subject, text, share }) {
      if (share !== undefined) return showShare(text, share);
      closeBar();
      line(subject, text);
    },
    close: closeBar,
  };
}
