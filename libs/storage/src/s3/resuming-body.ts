import { Readable } from 'node:stream';
import { storageErrorOf } from './s3-error.js';

/** Losses of the connection in a row, with not a byte between them, after which reading fails. */
const MAX_LOSSES = 4;

/** One answer's body and how many bytes it holds. */
export interface Body {
  readonly body: Readable;
  readonly sizeBytes: number;
}

/**
 * Passes a body on; when its connection is lost half way, asks for the rest, from the byte that is missing. Destroying the result ends the request.
 * @param first the answer to the first request
 * @param rest asks again for what lies `offset` bytes after the start of the first body
 */
export function resumingBody(first: Body, rest: (offset: number) => Promise<Readable>): Readable {
  const closed = new AbortController();
  const stream = Readable.from(pass(first, rest, closed.signal), { objectMode: false });
  return stream.once('close', () => {
    closed.abort();
  });
}

async function* pass(
  { body, sizeBytes }: Body,
  rest: (offset: number) => Promise<Readable>,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let current = body;
  let chunks = current[Symbol.asyncIterator]();
  signal.addEventListener('abort', () => current.destroy());
  for (let [at, losses] = [0, 0]; at < sizeBytes;) {
    const chunk = await nextOf(chunks);
    if (Buffer.isBuffer(chunk)) {
      [at, losses] = [at + chunk.length, 0];
      yield chunk;
      continue;
    }
    if (signal.aborted) return;
    if (++losses >= MAX_LOSSES) throw storageErrorOf(chunk ?? new Error('the answer ended early'));
    current = await rest(at);
    chunks = current[Symbol.asyncIterator]();
  }
}

/** The next chunk, or why there is none: undefined when the body ended. */
async function nextOf(chunks: AsyncIterator<unknown>): Promise<Buffer | Error | undefined> {
  try {
    const step = await chunks.next();
    return step.done === true ? undefined : (step.value as Buffer);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
