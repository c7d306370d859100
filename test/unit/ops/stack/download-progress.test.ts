import { expect, it } from 'vitest';
import { createDownloadMeter } from '../../../../ops/stack/embedded/download-progress.ts';

it('adds what was downloaded to what is in flight', () => {
  const meter = createDownloadMeter();
  expect(meter('Downloaded from central: https://host/a.pom (12 kB at 1.2 MB/s)\n')).toBe(12_000);
  expect(meter('Progress (2): 4.1/109 MB | 12/12 kB\r')).toBe(12_000 + 4_100_000 + 12_000);
  expect(meter('Downloaded from central: https://host/b.tar.gz (109 MB at 30 MB/s)\n')).toBe(109_012_000);
});

it('reads messages that arrive in pieces', () => {
  const meter = createDownloadMeter();
  expect(meter('Downloaded from central: https://host/a.jar (3')).toBe(0);
  expect(meter('00 kB at 2 MB/s)\nDownloading')).toBe(300_000);
});

it('takes nothing from lines that are about something else', () => {
  expect(createDownloadMeter()('[INFO] Copying slf4j-simple-1.7.36.jar to /var/tmp (44 kB)\n')).toBe(0);
});
