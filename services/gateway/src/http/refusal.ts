import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Problem } from '@myriad/contracts';
import { problemOf } from '@myriad/http';
import { ProblemError } from '@myriad/kernel';

export interface RefusalOptions {
  readonly status: 400 | 405 | 408 | 431 | 502;
  /** `gateway.<what>` */
  readonly code: string;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal by the protocol itself, whose status no kind of problem has. */
export class ProtocolRefusal extends Error {
  constructor(readonly options: RefusalOptions) {
    super(options.detail);
    this.name = 'ProtocolRefusal';
  }
}

/** The wire form of whatever was thrown. */
export function refusalOf(error: unknown, requestId: string): { problem: Problem; headers: Record<string, string> } {
  if (error instanceof ProtocolRefusal) {
    const { status, code, detail, headers } = error.options;
    const title = STATUS_CODES[status] ?? 'Error';
    const problem = { type: `urn:myriad:problem:${code}`, title, status, detail, code, requestId };
    return { problem, headers: { ...headers } };
  }
  const problem = problemOf(error, requestId);
  const headers: Record<string, string> = {};
  if (problem.status === 401) headers['www-authenticate'] = 'Bearer';
  const seconds = error instanceof ProblemError ? error.retryAfterSeconds : undefined;
  if (seconds !== undefined) headers['retry-after'] = String(Math.ceil(seconds));
  return { problem, headers };
}

/** Answers with problem+json. */
export function sendProblem(
  response: ServerResponse,
  problem: Problem,
  headers: Readonly<Record<string, string>>,
): void {
  const body = JSON.stringify(problem);
  response.writeHead(problem.status, {
    ...headers,
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
