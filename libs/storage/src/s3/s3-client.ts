import { S3Client } from '@aws-sdk/client-s3';
import type { S3BucketOptions } from './s3-options.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** Silence after which a connection counts as lost. */
const IDLE_TIMEOUT_MS = 60_000;
const MAX_ATTEMPTS = 4;

/** A client for the bucket's server, or for the address that presigned URLs carry. */
export function makeS3Client(
  { region = 'us-east-1', credentials }: S3BucketOptions,
  endpoint: string | undefined,
): S3Client {
  return new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials ? { credentials } : {}),
    maxAttempts: MAX_ATTEMPTS,
    // whole objects are checked by their SHA-256, which a CRC of the server's can't add to
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
  });
}
