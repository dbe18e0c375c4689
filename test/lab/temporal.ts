import { connect } from 'node:net';
import { DYNAMIC_CONFIG } from '../../src/runtime/local-temporal.ts';
import { component, daemon, until } from './component.ts';
import { freePort } from './ports.ts';

export interface TemporalLab {
  readonly address: string;
  readonly uiPort: number;
  readonly pid: number;
}

const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** One real Temporal server (in memory) for the whole test run. Tests keep apart by task queue, ids and namespace. */
export function temporal(): Promise<TemporalLab> {
  return component('temporal', async () => {
    const [port, uiPort] = [await freePort(), await freePort()];
    const binary = process.env['LOCKSTEP_TEMPORAL_CLI'] ?? 'temporal';
    const pid = await daemon('temporal', binary, [
      'server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort), '--log-level', 'error',
      ...DYNAMIC_CONFIG.flatMap((value) => ['--dynamic-config-value', value]),
    ]);
    await until('the Temporal server listens', () => listens(port));
    return { address: `127.0.0.1:${port}`, uiPort, pid };
  });
}
