import { status } from '@grpc/grpc-js';

/** A call that is answered with this gRPC status; the text goes to the site. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: status;
  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

export const forbidden = (what: string): GatewayError => new GatewayError(status.PERMISSION_DENIED, what);
