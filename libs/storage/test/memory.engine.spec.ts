import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tempFolder } from '@myriad/testing';
import { passThrough } from './child/measure.js';
import { IS_LARGE, S3_ENDPOINT, openS3Fixture, type S3Fixture } from './s3-fixture.js';

const GIB = 1024 ** 3;
/** More than the 5 GiB that one PUT or one copy may have. */
const LARGE_BYTES = 5 * GIB + 9_999_999;
const LIMIT_BYTES = 64 * 1024 * 1024;

const describeWithS3 = S3_ENDPOINT === undefined ? describe.skip : describe;

describeWithS3('S3ObjectStore: with less than 64 MiB pass through put and get', () => {
  let fixture: S3Fixture;
  beforeAll(async () => {
    fixture = await openS3Fixture();
  });
  afterAll(() => fixture.close());

  test.each([
    ['1 GiB, with the digest announced', GIB, true],
    // two minutes: by hand only; copies in parts are tested with smaller limits in s3-adapter.engine.spec.ts
    ...(IS_LARGE
      ? [['more than 5 GiB, of unknown digest, copied within the server in parts', LARGE_BYTES, false] as const]
      : []),
  ] as const)(
    '%s',
    async (_name, sizeBytes, isAnnounced) => {
      const passage = await passThrough(sizeBytes, fixture.options, { isAnnounced });
      expect(passage.readBytes).toBe(sizeBytes);
      expect(passage.growthBytes).toBeGreaterThan(0);
      expect(passage.growthBytes).toBeLessThan(LIMIT_BYTES);
      expect(await fixture.leftovers()).toEqual([]);
    },
    900_000,
  );
});

test('FileObjectStore: 1 GiB passes through put and get with less than 64 MiB', async () => {
  const folder = await tempFolder();
  const passage = await passThrough(GIB, { root: join(folder.path, 'store') }, { isAnnounced: false });
  expect(passage.readBytes).toBe(GIB);
  expect(passage.growthBytes).toBeLessThan(LIMIT_BYTES);
  await folder.remove();
}, 600_000);
