import type { ProblemDetail } from '@myriad/kernel';
import type { HttpProblemCode } from './codes.js';

/** A refusal by the protocol itself, whose status has no kind in the domain (408, 415, a wrong route). */
export class ProtocolError extends Error {
  constructor(
    readonly statusCode: number,
    readonly code: HttpProblemCode,
    detail: string,
    readonly errors: readonly ProblemDetail[] = [],
  ) {
    super(detail);
    this.name = 'ProtocolError';
  }
}
