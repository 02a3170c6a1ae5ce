import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  InternalTokenVerifier,
  JwksFile,
  generateInternalKeys,
  internalSigner,
  mintInternalToken,
  type InternalClaims,
} from '@myriad/http';
import { FakeClock } from '@myriad/kernel';
import { createLogger } from '@myriad/telemetry';
import { tempFolder, type TempFolder } from '@myriad/testing';
import { RotatingSigner } from '../../src/adapters/jose/rotating-signer.js';

type Keys = Awaited<ReturnType<typeof generateInternalKeys>>;
const claims: InternalClaims = {
  sub: 'usr_1',
  knd: 'user',
  tid: 'aa',
  htid: 'aa',
  perms: [],
  env: 'production',
  rid: 'r1',
};

describe('the rotation of the internal signing key', () => {
  let folder: TempFolder;
  let clock: FakeClock;
  let old: Keys;
  let next: Keys;
  let secret: string;
  let signer: RotatingSigner;
  let verifier: InternalTokenVerifier;
  const logger = createLogger({ service: 'test', level: 'silent' });

  const publish = (...keys: Keys[]): void => {
    const all = { keys: keys.flatMap(({ publicJwks }) => publicJwks.keys) };
    writeFileSync(join(folder.path, 'jwks.json'), JSON.stringify(all));
  };
  /** What a service says to a token that the gateway mints now. */
  async function verdict(): Promise<string> {
    const token = await mintInternalToken(signer.current, claims, { nowMs: clock.nowMs() });
    return verifier.verify(token).then(
      () => signer.current.kid,
      (error: unknown) => (error as { code: string }).code,
    );
  }
  async function wait(ms: number): Promise<void> {
    clock.advance(ms);
    await signer.look();
  }

  beforeEach(async () => {
    [folder, old, next] = await Promise.all([tempFolder(), generateInternalKeys('old'), generateInternalKeys('next')]);
    clock = new FakeClock(Date.now());
    publish(old);
    secret = JSON.stringify(old.privateJwk);
    const jwksFile = join(folder.path, 'jwks.json');
    const first = await internalSigner(old.privateJwk);
    signer = new RotatingSigner({ first, read: () => secret, jwksFile, delayMs: 120_000, clock, logger });
    verifier = new InternalTokenVerifier({
      keys: new JwksFile(jwksFile, () => clock.nowMs()),
      nowMs: () => clock.nowMs(),
    });
  });
  afterEach(() => folder.remove());

  it('leaves no moment in which a service refuses the gateway', async () => {
    expect(await verdict()).toBe('old');
    publish(old, next);
    await wait(1_000);
    secret = JSON.stringify(next.privateJwk);
    const seen: string[] = [];
    for (let i = 0; i < 130; i += 1) {
      await wait(1_000);
      seen.push(await verdict());
    }
    expect(new Set(seen)).toEqual(new Set(['old', 'next']));
    expect(seen.slice(-5)).toEqual(Array.from({ length: 5 }, () => 'next'));
    publish(next);
    await wait(1_000);
    expect(await verdict()).toBe('next');
    const late = await mintInternalToken(await internalSigner(old.privateJwk), claims, { nowMs: clock.nowMs() });
    await expect(verifier.verify(late)).rejects.toMatchObject({ code: 'http.token_invalid' });
  });

  it('waits for ever for a key that services were not told of', async () => {
    secret = JSON.stringify(next.privateJwk);
    await wait(3_600_000);
    expect(await verdict()).toBe('old');
    publish(old, next);
    await wait(1_000);
    await wait(60_000);
    publish(old); // taken back: the wait begins anew
    await wait(1_000);
    publish(old, next);
    await wait(1_000);
    await wait(119_999);
    expect(await verdict()).toBe('old');
    await wait(1);
    expect(await verdict()).toBe('next');
  });

  it('goes on with the old key when the new one is none, or has its name', async () => {
    for (const text of [
      '{',
      '{}',
      JSON.stringify(next.publicJwks.keys[0]),
      JSON.stringify({ ...next.privateJwk, kid: 'old' }),
    ]) {
      secret = text;
      await wait(1_000);
      await wait(120_000);
      expect(await verdict()).toBe('old');
    }
  });
});
