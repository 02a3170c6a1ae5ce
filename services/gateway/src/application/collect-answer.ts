import type { UpstreamRequest, Upstreams } from './ports.js';

/** An answer that was waited for as a whole. */
export interface CollectedAnswer {
  readonly status: number;
  /** Names in lower case and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** No answer came, or not all of it. */
export class NoAnswer extends Error {
  constructor(
    readonly failure: 'unreachable' | 'timeout' | 'broken',
    cause: Error,
  ) {
    super(`${failure}: ${cause.message}`, { cause });
  }
}

/** Sends a request and takes in what is answered, `mostBytes` of it; the rest is passed over. @throws {NoAnswer} */
export function collectAnswer(
  upstreams: Upstreams,
  request: UpstreamRequest,
  mostBytes: number,
): Promise<CollectedAnswer> {
  return new Promise((resolve, reject) => {
    let head: Omit<CollectedAnswer, 'body'> = { status: 0, headers: [] };
    const chunks: Buffer[] = [];
    let size = 0;
    upstreams.send(request, {
      onHead: (status, headers) => {
        head = { status, headers };
      },
      onData: (chunk) => {
        if (size < mostBytes) chunks.push(chunk);
        size += chunk.length;
        return true;
      },
      onEnd: () => {
        resolve({ ...head, body: Buffer.concat(chunks) });
      },
      onFailure: (failure, cause) => {
        reject(new NoAnswer(failure, cause));
      },
    });
  });
}
