import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { decodeBody } from '../src/decode-body.js';

const BYTES = Buffer.from('{"a":1}');

describe('decodeBody', () => {
  it.each([
    [undefined, BYTES],
    ['identity', BYTES],
    ['gzip', gzipSync(BYTES)],
    ['GZIP', gzipSync(BYTES)],
    ['deflate', deflateSync(BYTES)],
  ])('undoes %s', async (encoding, bytes) => {
    expect((await decodeBody(bytes, encoding, 100)).equals(BYTES)).toBe(true);
  });

  it('unfolds up to the limit and no further', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    await expect(decodeBody(bomb, 'gzip', 1_000)).rejects.toMatchObject({
      statusCode: 413,
      code: 'http.body_too_large',
    });
    expect(await decodeBody(gzipSync(Buffer.alloc(1_000)), 'gzip', 1_000)).toHaveLength(1_000);
  });

  it.each([
    ['what is not encoded so', 'gzip', BYTES, 400],
    ['half of it', 'deflate', deflateSync(BYTES).subarray(0, 6), 400],
    ['nothing', 'gzip', Buffer.alloc(0), 400],
    ['an encoding that is not known', 'br', brotliCompressSync(BYTES), 415],
    ['several encodings', 'gzip, gzip', gzipSync(gzipSync(BYTES)), 415],
  ])('refuses %s', async (_what, encoding, bytes, statusCode) => {
    await expect(decodeBody(bytes, encoding, 100)).rejects.toMatchObject({ statusCode });
  });
});
