// node tools/objects.mjs <command> --tenant T [--tenant U …] : what an operator does with the encryption of objects, tenant by tenant. The store and
// its keys are those of the environment (OBJECT_STORE…, OBJECT_ENCRYPTION…), or, with --state FOLDER, of the mesh of this machine that lives there (on S3 it has to run).
//   status   how each tenant's key stands
//   rotate   makes a new version of the key; new objects use it within OBJECT_KEY_CACHE_SECONDS
//   reseal   encrypts objects stored in plain, and wraps data keys of older versions anew
//   remaster seals the keyring by the first line of the master secret; the lines below it are of no use afterwards
// Prints a JSON line a tenant; exits 1 when one failed, 2 when the command makes no sense.
import { parseArgs } from 'node:util';
import { loadConfig } from '@myriad/config';
import { objectStoreOfState } from '@myriad/invariants';
import { isTenantId } from '@myriad/kernel';
import {
  EncryptingObjectStore,
  objectStoreConfig,
  openLocalKeys,
  openObjectStore,
  resealTenant,
} from '@myriad/storage';
import { z } from 'zod';

const schema = z.object(objectStoreConfig);

const commands = {
  status: (tenant, { store }) => store.keys.status(tenant),
  rotate: (tenant, { store }) => store.keys.rotate(tenant),
  reseal: (tenant, { store }) => resealTenant(store, tenant),
  remaster: async (tenant, { config, store }) => {
    const keys = await openLocalKeys(config, store.inner);
    return { resealed: await keys.reseal(tenant) };
  },
};

async function main() {
  const options = { tenant: { type: 'string', multiple: true }, state: { type: 'string' } };
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const [name = ''] = positionals;
  const tenants = values.tenant ?? [];
  if (!Object.hasOwn(commands, name) || tenants.length === 0 || !tenants.every((tenant) => isTenantId(tenant))) {
    console.error(`usage: node tools/objects.mjs ${Object.keys(commands).join('|')} --tenant T [--state FOLDER]`);
    return 2;
  }
  const config = loadConfig(schema, values.state === undefined ? process.env : objectStoreOfState(values.state));
  const store = await openObjectStore(config);
  if (!(store instanceof EncryptingObjectStore)) {
    console.error('OBJECT_ENCRYPTION is none: there are no keys');
    return 2;
  }
  let failures = 0;
  for (const tenant of tenants) {
    try {
      console.log(JSON.stringify({ tenant, ...(await commands[name](tenant, { config, store })) }));
    } catch (error) {
      failures += 1;
      console.log(JSON.stringify({ tenant, error: error.code ?? error.name, detail: error.message }));
    }
  }
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
