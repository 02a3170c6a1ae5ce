import type { status } from '@grpc/grpc-js';

/** What is wrong with a call as such, whatever it asks for. */
export class GrpcFault extends Error {
  constructor(
    readonly code: status,
    readonly details: string,
  ) {
    super(details);
    this.name = 'GrpcFault';
  }
}
