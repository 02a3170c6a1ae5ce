import { hkdfSync } from 'node:crypto';
import type { TenantId } from '@myriad/kernel';
import { openKey, sealKey } from './aead.js';

/** Shortest secret, characters: a random one of base64 has 192 bits. */
export const MIN_MASTER_SECRET_CHARACTERS = 32;

/** A tenant's key as a keyring keeps it. */
export interface SealedTenantKey {
  readonly version: number;
  /** Which master secret sealed it: 16 hex digits derived from the secret. */
  readonly master: string;
  /** Base64. */
  readonly sealed: string;
}

interface Master {
  readonly id: string;
  readonly key: Buffer;
}

/** The secrets that seal the keys of a keyring: the first seals, each opens what it sealed. */
export class MasterSecrets {
  private readonly masters: readonly [Master, ...Master[]];

  /**
   * @param text one secret a line, the newest first
   * @throws {TypeError} when there is none, or one has fewer than 32 characters.
   */
  constructor(text: string) {
    const [first, ...others] = text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map(masterOf);
    if (!first) throw new TypeError('there is no master secret');
    this.masters = [first, ...others];
  }

  /** Whether the key was sealed by the newest secret. */
  isCurrent({ master }: SealedTenantKey): boolean {
    return master === this.masters[0].id;
  }

  seal(tenantId: TenantId, version: number, key: Buffer): SealedTenantKey {
    const [{ id, key: masterKey }] = this.masters;
    return { version, master: id, sealed: sealKey(masterKey, key, bound(tenantId, version)).toString('base64') };
  }

  /** undefined when none of the secrets sealed it for this tenant and version. */
  open(tenantId: TenantId, { version, master, sealed }: SealedTenantKey): Buffer | undefined {
    const found = this.masters.find(({ id }) => id === master);
    return found && openKey(found.key, Buffer.from(sealed, 'base64'), bound(tenantId, version));
  }
}

function masterOf(secret: string): Master {
  if (secret.length < MIN_MASTER_SECRET_CHARACTERS)
    throw new TypeError(`a master secret has at least ${MIN_MASTER_SECRET_CHARACTERS} characters`);
  const derive = (purpose: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `myriad/master/1/${purpose}`, bytes));
  return { id: derive('id', 8).toString('hex'), key: derive('key', 32) };
}

function bound(tenantId: TenantId, version: number): string {
  return `myriad/tenant-key/1\n${tenantId}\n${version}`;
}
