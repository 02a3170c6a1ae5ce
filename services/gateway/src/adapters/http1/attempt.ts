import type { Readable } from 'node:stream';

/** What a service is asked. */
export interface Asked {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer | Readable | undefined;
  /** Until when the head of the answer must be there, on the clock of `performance.now`. */
  readonly headDueMs: number;
  /** Longest pause within the answer, milliseconds; 0 = none. */
  readonly pauseTimeoutMs: number;
}

/**
 * Why there is no answer: nothing of the request was sent; the other end did not prove who it is, so nothing was sent either; too slow;
 * the connection broke before anything of the answer came; or after.
 */
export type Loss = 'unsent' | 'unproven' | 'timeout' | 'broken' | 'cut';

/** One try to have something answered. After `onEnd` or `onLost` nothing is called any more. */
export interface Attempt {
  readonly asked: Asked;
  /** Whether nobody waits for it any more. */
  readonly isOver: boolean;
  /** It is sent over this connection now. */
  onSent(way: { resume(): void; abort(): void }): void;
  /** @throws when this is no answer to what was asked */
  onHead(status: number, headers: readonly string[]): void;
  /** False when no more is wanted until the connection is told to resume. */
  onData(chunk: Buffer): boolean;
  onEnd(): void;
  onLost(loss: Loss, cause: Error): void;
}
