import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type TempFolder, tempFolder } from '@myriad/testing';
import { Secrets } from '../../src/state/secrets.js';
import { StateFolder } from '../../src/state/state-folder.js';

describe('Secrets', () => {
  let folder: TempFolder;
  let state: StateFolder;
  beforeEach(async () => {
    folder = await tempFolder();
    state = new StateFolder(folder.path);
    state.create();
  });
  afterEach(() => folder.remove());

  it('are readable by this user only', () => {
    const secrets = new Secrets(state);
    secrets.create();
    secrets.password('auth_app');
    const modes = readdirSync(state.secrets).map((name) => statSync(join(state.secrets, name)).mode & 0o777);
    expect(modes.length).toBeGreaterThanOrEqual(5);
    expect(new Set(modes)).toEqual(new Set([0o600]));
    expect(statSync(state.secrets).mode & 0o777).toBe(0o700);
  });

  it('make no new master secret where objects are that only the lost one opens', () => {
    const secrets = new Secrets(state);
    secrets.create();
    const master = readFileSync(secrets.objectMasterFile, 'utf8');
    const sealed = join(state.objects, 'acme', 'sealed');
    mkdirSync(sealed, { recursive: true });
    secrets.create();
    expect(readFileSync(secrets.objectMasterFile, 'utf8')).toBe(master);
    rmSync(secrets.objectMasterFile);
    expect(() => {
      secrets.create();
    }).toThrow(/object-master\.key is gone/);
    rmSync(sealed, { recursive: true });
    secrets.create();
    expect(readFileSync(secrets.objectMasterFile, 'utf8')).not.toBe(master);
  });

  it('stay the same over restarts, and differ from role to role', () => {
    const before = new Secrets(state);
    before.create();
    const [app, owner, token] = [before.password('auth_app'), before.password('auth_owner'), before.controlToken];
    const signingKey = readFileSync(before.internalSigningKeyFile, 'utf8');
    const after = new Secrets(state);
    after.create();
    expect([after.password('auth_app'), after.password('auth_owner'), after.controlToken]).toEqual([app, owner, token]);
    expect(readFileSync(after.internalSigningKeyFile, 'utf8')).toBe(signingKey);
    expect(app).not.toBe(owner);
  });

  it('publish the half of the signing key that verifies, and not the other', () => {
    const secrets = new Secrets(state);
    secrets.create();
    const jwk = JSON.parse(readFileSync(secrets.internalSigningKeyFile, 'utf8')) as Record<string, string>;
    const { keys } = JSON.parse(readFileSync(state.internalJwks, 'utf8')) as { keys: Record<string, string>[] };
    expect(keys[0]).toMatchObject({ kid: jwk['kid'], alg: 'EdDSA', crv: 'Ed25519' });
    expect(keys[0]).not.toHaveProperty('d');
    const signature = sign(null, Buffer.from('text'), createPrivateKey({ key: jwk, format: 'jwk' }));
    const publicKey = createPublicKey({ key: keys[0] as Record<string, string>, format: 'jwk' });
    expect(verify(null, Buffer.from('text'), publicKey, signature)).toBe(true);
  });
});
