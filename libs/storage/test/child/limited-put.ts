// Puts more than the limit of this process lets a file have, then less, and prints the refusal's code, how many temporary files are left and how many objects there are: limited-put.ts <root>
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProblemError, tenantId } from '@myriad/kernel';
import { FileObjectStore } from '../../src/index.js';

process.on('SIGXFSZ', () => undefined); // so that a write over the limit answers EFBIG
const [root = ''] = process.argv.slice(2);
const store = await FileObjectStore.open({ root });
const tenant = tenantId('limited');
const refusal = await store.put(tenant, randomBytes(16 * 1024 * 1024)).then(
  () => 'no refusal',
  (error: unknown) => (error instanceof ProblemError ? error.code : String(error)),
);
await store.put(tenant, randomBytes(1024 * 1024));
let objects = 0;
for await (const info of store.list(tenant)) objects += Math.sign(info.sizeBytes);
console.log(refusal, (await readdir(join(root, '.tmp'))).length, objects);
