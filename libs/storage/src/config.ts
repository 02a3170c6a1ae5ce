import { secret } from '@myriad/config';
import { z } from 'zod';

/** Where objects are; spread into a service's config: `z.object({ ...objectStoreConfig, … })`, and given to `openObjectStore`, which says what is missing for the chosen kind. */
export const objectStoreConfig = {
  OBJECT_STORE: z
    .enum(['file', 's3'])
    .default('file')
    .describe('file: a folder that the processes of one machine share; s3: a bucket'),
  OBJECT_STORE_PATH: z.string().min(1).optional().describe('file: the folder; required'),
  OBJECT_STORE_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('file, or with encryption: where the door for presigned URLs answers; without it none are given out'),
  OBJECT_STORE_SIGNING_KEY: secret(
    z
      .string()
      .min(1)
      .optional()
      .describe('file, or with encryption: the secret of presigned URLs, at least 32 characters'),
  ),
  S3_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("s3: the server's address; absent: AWS in S3_REGION"),
  S3_PUBLIC_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      's3: the address to put into presigned URLs, where clients reach the server by another; default S3_ENDPOINT',
    ),
  S3_REGION: z.string().min(1).default('us-east-1').describe('s3: region of the bucket'),
  S3_BUCKET: z.string().min(3).max(63).optional().describe('s3: the bucket; required'),
  S3_CREATE_BUCKET: z.stringbool().default(false).describe('s3: make the bucket at start when it is not there'),
  S3_ACCESS_KEY_ID: secret(z.string().min(1).optional().describe("s3: absent: the SDK's own chain (role, profile)")),
  S3_SECRET_ACCESS_KEY: secret(z.string().min(1).optional().describe('s3: the secret')),
  OBJECT_ENCRYPTION: z
    .enum(['none', 'local', 'kms'])
    .default('none')
    .describe(
      'encrypts objects, each tenant under a key of its own: local: a keyring of ours; kms: AWS KMS or its like',
    ),
  OBJECT_PLAINTEXT: z
    .enum(['read', 'refuse'])
    .default('read')
    .describe('with encryption: whether objects that were stored before it was turned on are still read'),
  OBJECT_KEY_CACHE_SECONDS: z.coerce
    .number()
    .min(0)
    .max(3600)
    .default(60)
    .describe(
      'with encryption: how long data keys are kept, 0-3600 s; a key destroyed elsewhere is used no longer than that',
    ),
  OBJECT_MASTER_SECRET: secret(
    z
      .string()
      .min(1)
      .optional()
      .describe('local: what seals the keyring, at least 32 characters; older ones on lines below it'),
  ),
  OBJECT_KEYRING_PATH: z
    .string()
    .min(1)
    .optional()
    .describe('local: folder of the keyring, shared by all processes; absent with s3: documents of the bucket'),
  KMS_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("kms: the service's address; absent: AWS in KMS_REGION"),
  KMS_REGION: z.string().min(1).default('us-east-1').describe('kms: region of the keys'),
  KMS_ALIAS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .default('myriad')
    .describe("kms: a tenant's key has the alias alias/<this>/<tenant>; one of its own for each installation"),
  KMS_DELETION_DAYS: z.coerce
    .number()
    .int()
    .min(7)
    .max(30)
    .default(30)
    .describe('kms: for how long an administrator can bring a destroyed key back, 7-30 days'),
  KMS_ACCESS_KEY_ID: z.string().min(1).optional().describe("kms: absent: the SDK's own chain (role, profile)"),
  KMS_SECRET_ACCESS_KEY: secret(z.string().min(1).optional().describe('kms: the secret')),
} as const;

export type ObjectStoreConfig = z.output<z.ZodObject<typeof objectStoreConfig>>;
