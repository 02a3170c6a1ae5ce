/** Which bucket, and how to reach it. */
export interface S3BucketOptions {
  /** Absent: AWS in `region`. */
  readonly endpoint?: string;
  /** Address to put into presigned URLs, where clients reach the server by another. Default: `endpoint`. */
  readonly publicEndpoint?: string;
  /** Default `us-east-1`. */
  readonly region?: string;
  readonly bucket: string;
  /** Absent: the SDK's own chain. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Makes the bucket when it is not there. Default false. */
  readonly createBucket?: boolean;
}
