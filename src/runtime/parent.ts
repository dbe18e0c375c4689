/** Tells the supervisor that started this process, if one did, that it does its work. */
export function notifyReady(): void {
  process.send?.({ lockstep: 'ready' });
}

export const isReadyMessage = (message: unknown): boolean =>
  typeof message === 'object' && message !== null && 'lockstep' in message && message.lockstep === 'ready';
