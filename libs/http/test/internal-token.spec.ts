import { writeFile, rename } from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SignJWT, importJWK, type CryptoKey, type JWK } from 'jose';
import {
  InternalTokenVerifier,
  JwksFile,
  generateInternalKeys,
  internalSigner,
  mintInternalToken,
  staticKeys,
  verifierFromFile,
  type InternalSigner,
  type KeySource,
} from '../src/index.js';
import { claims } from './support.js';

describe('internal tokens', () => {
  let folder: string;
  let privateJwk: JWK;
  let publicJwks: { readonly keys: readonly JWK[] };
  let signer: InternalSigner;
  let nowMs = Date.now();
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'myriad-jwks-'));
    ({ privateJwk, publicJwks } = await generateInternalKeys('k1'));
    signer = await internalSigner(privateJwk);
    nowMs = Date.now();
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const verifier = (audience?: string, keys: KeySource = staticKeys(publicJwks)): InternalTokenVerifier =>
    new InternalTokenVerifier({ keys, nowMs: () => nowMs, ...(audience === undefined ? {} : { audience }) });
  const refused = { kind: 'unauthenticated', code: 'http.token_invalid' };

  it('round-trips the claims', async () => {
    const caller = await verifier().verify(await mintInternalToken(signer, claims));
    expect(caller.claims).toEqual(claims);
    expect(caller.principal).toMatchObject({ id: 'usr_1', kind: 'user', homeTenantId: 'aa' });
    expect([...caller.principal.permissions]).toEqual(claims.perms);
  });

  it('holds to its audience', async () => {
    const token = await mintInternalToken(signer, claims, { audience: 'myriad-realtime-production' });
    await expect(verifier().verify(token)).rejects.toMatchObject(refused);
    await expect(verifier('myriad-realtime-production').verify(token)).resolves.toMatchObject({ tenantId: 'aa' });
    await expect(verifier('myriad-realtime-research').verify(token)).rejects.toMatchObject(refused);
  });

  it('remembers tokens that are in force, and no others', async () => {
    const one = verifier();
    for (let minute = 0; minute < 20; minute += 1) {
      await one.verify(await mintInternalToken(signer, claims, { nowMs }));
      await one.verify(await mintInternalToken(signer, { ...claims, tid: 'bb' }, { nowMs }));
      expect(one.remembered).toBe(2);
      nowMs += 61_000;
    }
  });

  it('takes a token of a minter whose clock is five minutes fast or slow, and no more', async () => {
    for (const aheadMs of [-299_000, 299_000]) {
      const token = await mintInternalToken(signer, claims, { nowMs: nowMs + aheadMs });
      await expect(verifier().verify(token)).resolves.toMatchObject({ tenantId: 'aa' });
    }
    for (const aheadMs of [-400_000, 400_000]) {
      const token = await mintInternalToken(signer, claims, { nowMs: nowMs + aheadMs });
      await expect(verifier().verify(token)).rejects.toMatchObject(refused);
    }
  });

  it('refuses a token after its end, also one it knew', async () => {
    const checked = verifier();
    const token = await mintInternalToken(signer, claims, { expiresInSeconds: 30, nowMs });
    await checked.verify(token);
    nowMs += 29_000;
    await checked.verify(token);
    nowMs += 302_000;
    await expect(checked.verify(token)).rejects.toMatchObject(refused);
  });

  it('never mints a token that lives longer than a minute, and never takes one', async () => {
    await expect(mintInternalToken(signer, claims, { expiresInSeconds: 61 })).rejects.toThrow(RangeError);
    const long = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'k1' })
      .setIssuer('myriad-gateway')
      .setAudience('myriad-internal')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(signer.key);
    await expect(verifier().verify(long)).rejects.toMatchObject(refused);
  });

  it('refuses claims that are not whole, another issuer and another algorithm', async () => {
    const sign = (payload: object, issuer: string, key: CryptoKey | Uint8Array, alg: string): Promise<string> =>
      new SignJWT({ ...payload })
        .setProtectedHeader({ alg, kid: 'k1' })
        .setIssuer(issuer)
        .setAudience('myriad-internal')
        .setIssuedAt()
        .setExpirationTime('30s')
        .sign(key);
    const withoutTenant = { ...claims, tid: undefined };
    const shared = new TextEncoder().encode(String(publicJwks.keys[0]?.x).padEnd(32, 'x'));
    for (const token of [
      await sign(withoutTenant, 'myriad-gateway', signer.key, 'EdDSA'),
      await sign(claims, 'someone-else', signer.key, 'EdDSA'),
      await sign(claims, 'myriad-gateway', shared, 'HS256'),
    ]) {
      await expect(verifier().verify(token)).rejects.toMatchObject(refused);
    }
    expect(await verifier().verify(await sign(claims, 'myriad-gateway', signer.key, 'EdDSA'))).toBeDefined();
  });

  it('checks the signature of a token in use once, and forgets the oldest', async () => {
    let looks = 0;
    const source = staticKeys(publicJwks);
    const keys: KeySource = { keyOf: (kid) => ((looks += 1), source.keyOf(kid)) };
    const checked = new InternalTokenVerifier({ keys, cacheSize: 2 });
    const tokens = await Promise.all(['a', 'b', 'c'].map((rid) => mintInternalToken(signer, { ...claims, rid })));
    for (const token of tokens.slice(0, 2)) await checked.verify(token);
    for (const token of tokens.slice(0, 2)) await checked.verify(token);
    expect(looks).toBe(2);
    await checked.verify(tokens[2]!);
    await checked.verify(tokens[0]!);
    expect(looks).toBe(4);
  });

  it('takes the new keys when the file changed, and keeps the old ones while it is broken', async () => {
    const path = join(folder, 'jwks.json');
    await writeFile(path, JSON.stringify(publicJwks));
    const file = new JwksFile(path, () => nowMs);
    await file.load();
    const checked = verifier(undefined, file);
    const next = await generateInternalKeys('k2');
    const token = await mintInternalToken(await internalSigner(next.privateJwk), claims, { nowMs });
    await expect(checked.verify(token)).rejects.toMatchObject(refused);

    await writeFile(path, '{"keys":');
    nowMs += 1_001;
    await expect(checked.verify(await mintInternalToken(signer, claims, { nowMs }))).resolves.toBeDefined();

    await writeFile(`${path}.new`, JSON.stringify({ keys: [...publicJwks.keys, ...next.publicJwks.keys] }));
    await rename(`${path}.new`, path);
    nowMs += 1_001;
    await expect(checked.verify(token)).resolves.toMatchObject({ tenantId: 'aa' });
  });

  it('fails the start without a file, and refuses keys that are private or of another kind', async () => {
    await expect(verifierFromFile(join(folder, 'none.json'))).rejects.toThrow('ENOENT');
    await expect(internalSigner(publicJwks.keys[0]!)).rejects.toThrow(TypeError);
    expect(await importJWK(privateJwk, 'EdDSA')).toBeDefined();
    const path = join(folder, 'rsa.json');
    await writeFile(path, JSON.stringify({ keys: [{ kid: 'k', kty: 'RSA', n: 'x', e: 'AQAB' }] }));
    await expect(verifierFromFile(path)).rejects.toThrow();
  });
});
