import { join } from 'node:path';
import { FileObjectStore, LocalTenantKeys, MasterSecrets } from '../src/index.js';

export const SECRET = 'a master secret that only tests know 1';

/** Tenants' keys in a keyring below the folder; opened again they are the same. */
export async function localKeys(folder: string, secret = SECRET): Promise<LocalTenantKeys> {
  const documents = await FileObjectStore.open({ root: join(folder, 'keys') });
  return new LocalTenantKeys({ documents, masters: new MasterSecrets(secret) });
}
