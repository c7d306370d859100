import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

/** Structured log; `error` = someone must act, `warn` = degraded and healing, `info` = lifecycle, `debug` = per record. */
export type Logger = Pick<PinoLogger, 'error' | 'warn' | 'info' | 'debug'> & {
  child(bindings: Record<string, unknown>): Logger;
};

/** JSON lines on stderr (stdout belongs to a command's result). */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: ['*.password', 'url'] },
    destination ?? pino.destination(2),
  );
}
