import { DefaultLogger, type LogLevel, type LogMetadata, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const satisfies Record<LogLevel, keyof Logger>;

/** Who knows a task's token can end the task in its worker's place: it stays out of logs. */
export const withoutTaskToken = (meta: LogMetadata = {}): LogMetadata =>
  Object.fromEntries(Object.entries(meta).filter(([name]) => name !== 'taskToken'));

/** Sends what the Temporal SDK says through our logger. Once a process, before its first connection. */
export function installTemporalRuntime(logger: Logger): void {
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => logger[levels[level]]({ temporal: withoutTaskToken(meta) }, message)),
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } },
    // We end in order ourselves: the API first, the worker last.
    shutdownSignals: [],
  });
}
