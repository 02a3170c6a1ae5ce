import { describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { Es256TokenKeys } from '../../src/adapters/jose/es256-token-keys.js';

const claims = { sub: 'usr_1', htid: 'aa', scp: [], iat: 1, exp: 4_000_000_000 };

describe('Es256TokenKeys', () => {
  it('signs what its public key verifies', async () => {
    const keys = new Es256TokenKeys('a secret of this test');
    const pair = await keys.generate();
    expect(pair.publicJwk).not.toHaveProperty('d');
    const token = await keys.sign(pair, claims);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: pair.kid, typ: 'JWT' });
    const { payload } = await jwtVerify(token, await importJWK(pair.publicJwk));
    expect(payload).toMatchObject(claims);
  });

  it('opens a sealed key with the same secret only, and only under its own id', async () => {
    const keys = new Es256TokenKeys('a secret of this test');
    const pair = await keys.generate();
    await expect(new Es256TokenKeys('a secret of this test').sign(pair, claims)).resolves.toBeDefined();
    const refusal = 'sealed with another secret';
    expect(() => new Es256TokenKeys('another secret').sign(pair, claims)).toThrow(refusal);
    expect(() => keys.sign({ ...pair, kid: 'sig_other' }, claims)).toThrow(refusal);
  });
});
