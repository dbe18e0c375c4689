import { type Logger, pino } from 'pino';
import type { Settings } from './settings.ts';

/** Lines of JSON on standard output, written at once: the last ones before a crash matter most. */
export const createLogger = (level: Settings['logLevel'], program: string): Logger =>
  pino({ level, base: { program, pid: process.pid } }, pino.destination({ dest: 1, sync: true }));
