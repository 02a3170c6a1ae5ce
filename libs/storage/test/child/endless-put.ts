// Puts a stream that never ends, slowly: endless-put.ts <root> <tenant>
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { tenantId } from '@myriad/kernel';
import { FileObjectStore } from '../../src/index.js';

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) {
    yield Buffer.alloc(1000, 1);
    await sleep(1);
  }
}

const [root = '', tenant = ''] = process.argv.slice(2);
const store = await FileObjectStore.open({ root });
await store.put(tenantId(tenant), Readable.from(endless()));
