import { describe, expect, test } from '@jest/globals';
import { digestOf, type Digest } from '@myriad/kernel';
import { readParts, type StoredVersion } from '../../src/index.js';

describe('the parts of a stored version', () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  const split = {
    skeletonDigest: digestOf('skeleton'),
    skeletonBytes: 8,
    weightsDigest: digestOf('weights'),
    weightsBytes: 7,
  };
  const stored = new Map(['file', 'skeleton', 'weights'].map((text) => [digestOf(text), bytes(text)]));
  const asked: [Digest, number][] = [];
  const partsOf = (serving: StoredVersion['serving']) => {
    asked.length = 0;
    return readParts({ artifactDigest: digestOf('file'), serving }, 100, (digest, maxBytes) => {
      asked.push([digest, maxBytes]);
      return Promise.resolve(stored.get(digest)!);
    });
  };

  test('are skeleton and weights, read with their own sizes as bounds', async () => {
    const parts = { way: 'kernel', skeleton: bytes('skeleton'), weights: bytes('weights') };
    expect(await partsOf({ way: 'kernel', split })).toEqual(parts);
    expect(asked).toEqual([
      [split.skeletonDigest, 8],
      [split.weightsDigest, 7],
    ]);
  });

  test.each([undefined, null, { way: 'whole', split: null }, { way: 'whole', split }] as const)(
    'are the file where it is served whole, and of versions that say nothing of it: %j',
    async (serving) => {
      expect(await partsOf(serving)).toEqual({ way: 'whole', file: bytes('file') });
      expect(asked).toEqual([[digestOf('file'), 100]]);
    },
  );
});
