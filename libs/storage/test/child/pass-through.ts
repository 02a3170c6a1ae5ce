// Puts a file into a store as a stream and reads it back, and prints how far the process's memory rose: pass-through.ts <file> <digest or -> <options of the store as JSON>
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { isDigest, tenantId } from '@myriad/kernel';
import { FileObjectStore, S3ObjectStore } from '../../src/index.js';
import type { FileObjectStoreOptions, ObjectStore, S3ObjectStoreOptions } from '../../src/index.js';

function statusBytes(field: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1]) * 1024;
}

const [path = '', digest = '-', json = '{}'] = process.argv.slice(2);
const options = JSON.parse(json) as FileObjectStoreOptions | S3ObjectStoreOptions;
const store: ObjectStore =
  'bucket' in options ? await S3ObjectStore.open(options) : await FileObjectStore.open(options);
const tenant = tenantId('memory');
const announced = isDigest(digest) ? { expectedDigest: digest } : {};
await store.put(tenant, Buffer.from('first use'));

globalThis.gc?.();
writeFileSync('/proc/self/clear_refs', '5'); // the high-water mark starts anew
const baselineBytes = statusBytes('VmRSS');
const startMs = performance.now();
const info = await store.put(tenant, createReadStream(path), announced);
const putMs = performance.now() - startMs;
let readBytes = 0;
for await (const chunk of await store.get(tenant, info.digest)) readBytes += (chunk as Buffer).length;
const getMs = performance.now() - startMs - putMs;
await store.delete(tenant, info.digest);
const growthBytes = statusBytes('VmHWM') - baselineBytes;
console.log(JSON.stringify({ ...info, readBytes, growthBytes, putMs, getMs }));
process.exit(0);
