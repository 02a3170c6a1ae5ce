import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { tempFolder } from '@myriad/testing';
import { passThrough } from './child/measure.js';

const GIB = 1024 ** 3;
const LIMIT_BYTES = 64 * 1024 * 1024;

test('FileObjectStore: 1 GiB passes through put and get with less than 64 MiB', async () => {
  const folder = await tempFolder();
  const passage = await passThrough(GIB, { root: join(folder.path, 'store') }, { isAnnounced: true });
  expect(passage.readBytes).toBe(GIB);
  expect(passage.growthBytes).toBeGreaterThan(0);
  expect(passage.growthBytes).toBeLessThan(LIMIT_BYTES);
  await folder.remove();
}, 180_000);
