import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { apiKeyOf, generateApiKey, isApiKeyText } from '../../src/domain/api-key.js';

describe('API key', () => {
  it('has the form myr_<8 characters>_<40 characters> and the hash of its whole text', () => {
    const key = generateApiKey(randomBytes);
    expect(key.text).toMatch(/^myr_[a-z2-7]{8}_[a-z2-7]{40}$/);
    expect(key.text.split('_')[1]).toBe(key.prefix);
    expect(key.hash).toBe(createHash('sha256').update(key.text).digest('hex'));
  });

  it('encodes bytes as base32 of RFC 4648', () => {
    const key = generateApiKey((size) => new Uint8Array(Buffer.from('foobarfoobarfoobarfoobarf').subarray(0, size)));
    expect(key.text).toBe('myr_mzxw6ytb_mzxw6ytbojtg633cmfzgm33pmjqxeztpn5rgc4tg');
  });

  it('never makes the same key twice', () => {
    const texts = Array.from({ length: 500 }, () => generateApiKey(randomBytes).text);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('refuses text that is no key without quoting it', () => {
    expect(isApiKeyText('myr_short')).toBe(false);
    expect(() => apiKeyOf('myr_TOP-SECRET')).toThrow(/^(?!.*TOP-SECRET)/);
  });
});
