import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes streamed in this process after which the dead ones are freed. */
const FREE_EVERY_BYTES = 8 * 1024 * 1024;

/**
 * Every chunk that a socket or a file gives is a buffer outside of V8's heap, dead once it is hashed and written. V8 frees such buffers with its young generation, which streaming hardly fills, or
 * when 64 MiB of them have gathered: so each process that streams would hold 64 MiB of nothing. A collection of the young generation takes well under a millisecond.
 */
let collectYoung: (() => void) | undefined;
let streamedBytes = 0;

/** Says that a chunk of this many bytes has passed. */
export function chunkPassed(sizeBytes: number): void {
  streamedBytes += sizeBytes;
  if (streamedBytes < FREE_EVERY_BYTES) return;
  streamedBytes = 0;
  collectYoung ??= findCollector();
  collectYoung();
}

/** V8 gives its collector to contexts that are made while the flag is set. */
function findCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('globalThis.gc') as NodeJS.GCFunction | undefined;
  setFlagsFromString('--no-expose-gc');
  return () => {
    collect?.({ type: 'minor', execution: 'sync' });
  };
}
