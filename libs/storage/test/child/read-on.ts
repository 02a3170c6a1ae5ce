// Another process with an encrypting store and its own cache of keys: reads an object and puts others until both are refused. Prints `done` when
// each was done for the first time, then the codes of the refusals: read-on.ts <folder> <tenant> <digest> <cache in seconds>
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '@myriad/config';
import { ProblemError, isDigest, tenantId } from '@myriad/kernel';
import { z } from 'zod';
import { objectStoreConfig, openObjectStore } from '../../src/index.js';
import { SECRET } from '../sealing.js';

const [folder = '', tenant = '', digest = '', cacheSeconds = ''] = process.argv.slice(2);
if (!isDigest(digest)) throw new TypeError('no digest');
const store = await openObjectStore(
  loadConfig(z.object(objectStoreConfig), {
    OBJECT_STORE_PATH: join(folder, 'objects'),
    OBJECT_ENCRYPTION: 'local',
    OBJECT_KEYRING_PATH: join(folder, 'keys'),
    OBJECT_MASTER_SECRET: SECRET,
    OBJECT_KEY_CACHE_SECONDS: cacheSeconds,
  }),
);

/** Does it again and again, also when the object is gone for a moment; answers the code it is refused with at last. */
async function untilRefused(attempt: () => Promise<unknown>): Promise<string> {
  for (let done = 0; ;) {
    try {
      await attempt();
      done += 1;
      if (done === 1) console.log('done');
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      if (error.code !== 'storage.object_not_found') return error.code;
    }
    await pause(20);
  }
}

const [read, put] = await Promise.all([
  untilRefused(() => store.getBytes(tenantId(tenant), digest)),
  untilRefused(() => store.put(tenantId(tenant), randomBytes(16))),
]);
console.log(JSON.stringify({ read, put }));
process.exit(0);
