import { EwsFault, failedMessage, type Xml } from '../soap.ts';
import type { Answer } from './context.ts';

/** One message for each part of a request: what fails is told, and the others are done. `empty`: what a failed one holds. */
export function* each(operation: string, parts: readonly Xml[], empty: string, work: (part: Xml) => string): Answer {
  for (const part of parts) {
    let message: string;
    try {
      message = `<m:${operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>${work(part)}</m:${operation}ResponseMessage>`;
    } catch (error) {
      if (!(error instanceof EwsFault)) throw error;
      message = failedMessage(operation, error, empty);
    }
    yield message;
  }
}
