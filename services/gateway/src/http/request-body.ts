import type { IncomingMessage } from 'node:http';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { gatewayProblem } from '../domain/gateway-problem.js';
import { ProtocolRefusal } from './refusal.js';

/** Bodies up to here are read before the service hears of the request: sent in one write, and again if need be. */
const BUFFERED_BYTES = 65_536;

export interface BodyLimits {
  readonly maxBytes: number;
  /** A buffered body must be there, and a streamed one go on, within, milliseconds. */
  readonly timeoutMs: number;
}

/** What is known of a body before any of it is read. */
export interface DeclaredBody {
  readonly hasBody: boolean;
  /** undefined: chunked. */
  readonly sizeBytes: number | undefined;
}

export function declaredBody({ headers }: IncomingMessage): DeclaredBody {
  if (headers['transfer-encoding'] !== undefined) return { hasBody: true, sizeBytes: undefined };
  const sizeBytes = Number(headers['content-length'] ?? 0);
  return { hasBody: sizeBytes > 0, sizeBytes };
}

/**
 * The body to send on: bytes when it is small, at once if they are there, else a stream that fails when it grows over the limit or pauses for too long.
 * @throws {ProblemError} `gateway.body_too_large` for what is declared too large; {@link ProtocolRefusal} 408 for what comes too slowly
 */
export function requestBody(
  message: IncomingMessage,
  { hasBody, sizeBytes }: DeclaredBody,
  limits: BodyLimits,
): undefined | Buffer | Promise<Buffer> | Readable {
  if (!hasBody) return undefined;
  if (sizeBytes !== undefined && sizeBytes > limits.maxBytes) throw tooLarge(limits.maxBytes, `${sizeBytes} bytes`);
  if (sizeBytes === undefined || sizeBytes > BUFFERED_BYTES) return guarded(message, limits);
  if (message.complete && message.readableLength === sizeBytes) return message.read() as Buffer;
  return readAll(message, sizeBytes, limits);
}

function tooLarge(maxBytes: number, sent: string): Error {
  return gatewayProblem('too-large', 'body_too_large', `sent ${sent}; allowed are at most ${maxBytes} bytes`);
}

function tooSlow(timeoutMs: number): Error {
  const detail = `the body, or more of it, did not arrive within ${timeoutMs} ms`;
  return new ProtocolRefusal({ status: 408, code: 'gateway.slow_body', detail, headers: { connection: 'close' } });
}

/** The body of `sizeBytes` bytes; Node's parser lets no more through. */
function readAll(message: IncomingMessage, sizeBytes: number, { timeoutMs }: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => {
      reject(tooSlow(timeoutMs));
    }, timeoutMs);
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.once('end', () => {
      clearTimeout(timer);
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, sizeBytes));
    });
    message.once('close', () => {
      if (message.complete) return; // an error is dear: its stack
      clearTimeout(timer);
      reject(new Error('the client broke off'));
    });
  });
}

function guarded(message: IncomingMessage, { maxBytes, timeoutMs }: BodyLimits): Readable {
  let size = 0;
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback): void {
      size += chunk.length;
      timer.refresh();
      if (size > maxBytes) done(tooLarge(maxBytes, `more than ${maxBytes} bytes`));
      else done(null, chunk);
    },
  });
  const timer = setTimeout(() => {
    // A service that reads slowly is not the client's fault.
    if (guard.readableLength > 0) timer.refresh();
    else guard.destroy(tooSlow(timeoutMs));
  }, timeoutMs);
  // whoever reads it hears of it; until somebody does, an error must not end the process
  guard.on('error', () => undefined);
  message.once('aborted', () => guard.destroy(new Error('the client broke off')));
  guard.once('close', () => {
    clearTimeout(timer);
    message.unpipe(guard);
  });
  return message.pipe(guard);
}
