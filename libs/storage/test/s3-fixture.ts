import { randomBytes } from 'node:crypto';
import { ListMultipartUploadsCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { readdir } from 'node:fs/promises';
import { tempFolder } from '@myriad/testing';
import { S3ObjectStore, type S3ObjectStoreOptions } from '../src/index.js';
import type { StoreFixture } from './store-fixture.js';

/* eslint-disable no-restricted-properties -- the addresses of the engines come from the test runner */
export const S3_ENDPOINT = process.env['MYRIAD_TEST_S3'];
/** Whether tests of several gigabytes run, too. */
export const IS_LARGE = process.env['MYRIAD_TEST_LARGE'] === '1';
const credentials = {
  accessKeyId: process.env['MYRIAD_TEST_S3_ACCESS_KEY'] ?? 'unset',
  secretAccessKey: process.env['MYRIAD_TEST_S3_SECRET'] ?? 'unset',
};
/* eslint-enable no-restricted-properties */

export interface S3Fixture extends StoreFixture {
  readonly store: S3ObjectStore;
  open(): Promise<S3ObjectStore>;
  readonly options: S3ObjectStoreOptions;
  readonly client: S3Client;
}

/** A store in a new bucket. */
export async function openS3Fixture(): Promise<S3Fixture> {
  if (S3_ENDPOINT === undefined) throw new Error('MYRIAD_TEST_S3 is not set: run it through tools/test-engines.mjs');
  const scratch = await tempFolder();
  const bucket = `test-${randomBytes(6).toString('hex')}`;
  const options = { endpoint: S3_ENDPOINT, bucket, credentials, createBucket: true, scratchFolder: scratch.path };
  const client = new S3Client({ endpoint: S3_ENDPOINT, region: 'us-east-1', credentials, forcePathStyle: true });
  const stores = [await S3ObjectStore.open(options)];
  return {
    store: stores[0]!,
    options,
    client,
    open: async () => {
      const store = await S3ObjectStore.open(options);
      stores.push(store);
      return store;
    },
    damage: async (tenant, digest, bytes) => {
      await client.send(
        new PutObjectCommand({ Bucket: bucket, Key: `${tenant}/sha256/${digest.slice(7)}`, Body: bytes }),
      );
    },
    leftovers: async () => {
      const uploads = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
      const keys = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: '_' }));
      return [
        ...(uploads.Uploads ?? []).map(({ Key }) => `upload of ${Key ?? ''}`),
        ...(keys.Contents ?? []).map(({ Key }) => Key ?? ''),
        ...(await readdir(scratch.path)),
      ];
    },
    close: async () => {
      for (const store of stores) store.close();
      client.destroy();
      await scratch.remove();
    },
  };
}
