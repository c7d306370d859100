import type { Logger } from '../../kernel/logger.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { OutboxSession } from '../../stores/relay.ts';

export interface WakeUpModeOptions {
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'relayWakeUpMode'>;
}

export interface WakeUpMode {
  /** Finds out how the session hears of news, and says so where it is not as before. */
  try(session: Pick<OutboxSession, 'isWoken'>): Promise<void>;
}

/** Polling alone is slower, never wrong: it must be seen, but nothing fails by it. */
export function createWakeUpMode({ log, metrics }: WakeUpModeOptions): WakeUpMode {
  let known: 'notify' | 'polling' | undefined;
  return {
    async try(session) {
      const mode = (await session.isWoken()) ? 'notify' : 'polling';
      metrics.relayWakeUpMode.set({ mode: 'notify' }, mode === 'notify' ? 1 : 0);
      metrics.relayWakeUpMode.set({ mode: 'polling' }, mode === 'polling' ? 1 : 0);
      if (mode === known) return;
      known = mode;
      if (mode === 'notify') log.info({ wakeUp: mode }, 'woken by commits');
      else
        log.warn(
          { wakeUp: mode },
          'commits do not wake this relay, as behind a transaction pooler: it looks every 4 to 500 ms; to be woken it needs a URL that leads to Postgres itself',
        );
    },
  };
}
