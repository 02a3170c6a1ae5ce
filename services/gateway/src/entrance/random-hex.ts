import { randomFillSync } from 'node:crypto';

/** Random bytes drawn ahead: one call of the generator serves many requests. */
const pool = Buffer.alloc(8192);
let used = pool.length;

/** Hex digits of `bytes` random bytes, at most 8192; each byte is given out once. */
export function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}
