import { describe, expect, it } from '@jest/globals';
import { activeSigningKey, spentSigningKeys, type SigningKey } from '../../src/domain/signing-key.js';

const LIFE_MS = 900;
const key = (kid: string, activeFromMs: number): SigningKey => ({
  kid,
  publicJwk: {},
  sealedPrivateKey: '',
  activeFrom: new Date(activeFromMs),
});
const [old, next] = [key('old', 0), key('next', 1000)];

describe('signing keys', () => {
  it('sign with the newest key that is active, in whatever order they come', () => {
    expect(activeSigningKey([next, old], 999)?.kid).toBe('old');
    expect(activeSigningKey([next, old], 1000)?.kid).toBe('next');
    expect(activeSigningKey([], 0)).toBeUndefined();
  });

  it('keep verifying until the last token of a replaced key has expired', () => {
    expect(spentSigningKeys([old, next], 1000 + LIFE_MS - 1, LIFE_MS)).toEqual([]);
    expect(spentSigningKeys([old, next], 1000 + LIFE_MS, LIFE_MS)).toEqual([old]);
    expect(spentSigningKeys([next], 1e9, LIFE_MS)).toEqual([]);
  });
});
