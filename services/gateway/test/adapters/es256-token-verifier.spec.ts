import { describe, expect, it, jest } from '@jest/globals';
import { FakeClock } from '@myriad/kernel';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { Es256TokenVerifier } from '../../src/adapters/jose/es256-token-verifier.js';

describe('a user token', () => {
  it('is verified once, also within the tolerance after its end, and refused after that without another look', async () => {
    const clock = new FakeClock();
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const verifier = new Es256TokenVerifier(clock);
    await verifier.setKeys([{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }]);
    const nowSeconds = Math.floor(clock.nowMs() / 1000);
    const token = await new SignJWT({ scp: ['models:read'] })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setSubject('usr_1')
      .setIssuer('myriad')
      .setAudience('myriad')
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + 10)
      .sign(privateKey);
    const verify = jest.spyOn(crypto.subtle, 'verify');
    const first = await verifier.verify(token);
    for (const seconds of [9, 1, 4]) {
      clock.advance(seconds * 1000);
      expect(await verifier.verify(token)).toBe(first);
    }
    clock.advance(1_000);
    for (let i = 0; i < 3; i += 1)
      await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'gateway.token_expired' });
    expect(verify).toHaveBeenCalledTimes(1);
    await verifier.setKeys([]);
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'gateway.token_invalid' });
    verify.mockRestore();
  });
});
