import type { PartEvent } from '../../runtime/part.ts';
import type { CommandIo } from '../command.ts';
import { styled } from '../output/style.ts';

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Shows what the supervisor tells: one line a part for people, one object an event for programs. */
export function showPartEvents(io: Pick<CommandIo, 'json' | 'emit' | 'progress'>): (event: PartEvent) => void {
  if (io.json) return (event) => io.emit(event);
  const { progress } = io;
  return (event) => {
    switch (event.event) {
      case 'starting':
        progress.update(`${event.title}: starting`);
        break;
      case 'working':
        progress.update(`${event.title}: ${event.detail}`);
        break;
      case 'ready':
        progress.done(`${event.title} is ready (process ${event.pid}, ${seconds(event.afterMs)})`);
        break;
      case 'died':
        progress.line(
          styled('bad', `✗ ${event.title} ended unexpectedly (${event.exit}); it is started again in ${seconds(event.restartInMs)}`),
        );
        break;
      case 'stopping':
        progress.update(`${event.title}: stopping`);
        break;
      case 'stopped':
        progress.done(event.forced ? `${event.title} was ended by force` : `${event.title} has stopped`);
        break;
    }
  };
}
