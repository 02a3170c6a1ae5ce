import type { IncomingMessage } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import { ProtocolError } from './protocol-error.js';

export interface BodyLimits {
  readonly maxBytes: number;
  /** The whole body of a buffered route, or the longest pause of a streamed one. */
  readonly timeoutMs: number;
}

export function tooLarge(maxBytes: number, sentBytes?: number): ProtocolError {
  const sent = sentBytes === undefined ? `more than ${maxBytes} bytes` : `${sentBytes} bytes`;
  return new ProtocolError(413, 'http.body_too_large', `sent ${sent}; allowed are at most ${maxBytes} bytes`);
}

export function tooSlow(what: string, timeoutMs: number): ProtocolError {
  return new ProtocolError(408, 'http.slow_request', `${what} did not arrive within ${timeoutMs} ms`);
}

/** Bytes the client says it sends. */
export function declaredLength(message: IncomingMessage): number | undefined {
  const header = message.headers['content-length'];
  return header === undefined ? undefined : Number(header);
}

/** What hears of a body: once, of one of both. */
export interface BodyReader {
  readonly read: (bytes: Buffer) => void;
  readonly failed: (error: ProtocolError) => void;
}

/**
 * Reads a whole body into memory. It fails with 413 once it is known to be too large, and with 400 when the client breaks off.
 * @returns what ends the reading with another failure
 */
export function collectBody(
  message: IncomingMessage,
  maxBytes: number,
  reader: BodyReader,
): (error: ProtocolError) => void {
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = (): void => {
    message.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
  };
  const fail = (error: ProtocolError): void => {
    stop();
    reader.failed(error);
  };
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > maxBytes) fail(tooLarge(maxBytes));
    else chunks.push(chunk);
  };
  const onEnd = (): void => {
    stop();
    reader.read(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size));
  };
  const onBroken = (): void => {
    fail(new ProtocolError(400, 'http.malformed_request', 'the body broke off before its end'));
  };
  const declared = declaredLength(message);
  if (declared !== undefined && declared > maxBytes) reader.failed(tooLarge(maxBytes, declared));
  else message.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  return fail;
}

/** {@link collectBody}. @throws {ProtocolError} 408, too, when it is not all there in time */
export function readBody(message: IncomingMessage, { maxBytes, timeoutMs }: BodyLimits): Promise<Buffer> {
  return new Promise<Buffer>((resolve, reject) => {
    const timer = setTimeout(() => {
      fail(tooSlow('the body', timeoutMs));
    }, timeoutMs);
    const fail = collectBody(message, maxBytes, {
      read: (bytes) => {
        clearTimeout(timer);
        resolve(bytes);
      },
      failed: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    });
  });
}

/** The body as a stream that fails with 413 over its limit and with 408 when it pauses for too long. */
export function guardBody(message: IncomingMessage, { maxBytes, timeoutMs }: BodyLimits): Transform {
  const declared = declaredLength(message);
  if (declared !== undefined && declared > maxBytes) throw tooLarge(maxBytes, declared);
  let size = 0;
  const guarded = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback): void {
      size += chunk.length;
      timer.refresh();
      if (size > maxBytes) done(tooLarge(maxBytes));
      else done(null, chunk);
    },
  });
  const timer = setTimeout(() => {
    // A slow reader behind the stream is not the client's fault: only an empty buffer means that nothing comes.
    if (guarded.writableNeedDrain || guarded.readableLength > 0) timer.refresh();
    else guarded.destroy(tooSlow('more of the body', timeoutMs));
  }, timeoutMs);
  // whoever reads it hears of it; until somebody does, an error must not end the process
  guarded.on('error', () => undefined);
  message.once('error', (error) => guarded.destroy(error));
  message.once('aborted', () =>
    guarded.destroy(new ProtocolError(400, 'http.malformed_request', 'the body broke off before its end')),
  );
  guarded.once('close', () => {
    clearTimeout(timer);
    message.unpipe(guarded);
    message.resume();
  });
  return message.pipe(guarded);
}
