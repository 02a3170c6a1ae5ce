import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { collect } from '../byte-meter.js';
import type { ByteRange } from '../object-store.port.js';
import { storageProblem } from '../storage-problem.js';
import { resumingBody } from './resuming-body.js';
import { S3Multipart, abortStaleMultiparts } from './s3-multipart.js';
import { makeS3Client } from './s3-client.js';
import { call, httpStatusOf } from './s3-error.js';
import type { S3BucketOptions } from './s3-options.js';

const COPIES_IN_FLIGHT = 4;
/** The protocol wants at least 5 MiB in every part but the last. */
const FIRST_PART_BYTES = 5 * 1024 ** 2;

/** Sizes at which the protocol wants other calls; smaller ones are for tests. */
export interface S3Limits {
  /** Longest object that one CopyObject copies and one PUT takes. */
  readonly singleRequestBytes: number;
  readonly copyPartBytes: number;
}

const S3_LIMITS: S3Limits = { singleRequestBytes: 5 * 1024 ** 3, copyPartBytes: 512 * 1024 ** 2 };

/** What the server says of an object. */
export interface S3Head {
  readonly sizeBytes: number;
  readonly etag: string;
  /** Unix milliseconds, whole seconds. */
  readonly modifiedMs: number;
  /** SHA-256 of the whole in base64, where the server computed one. */
  readonly sha256?: string;
}

export interface S3Content extends Pick<S3Head, 'sizeBytes' | 'etag'> {
  readonly body: Readable;
  /** Of the whole object, also when a range of it was asked for. */
  readonly totalBytes: number;
}

/** When to write: unless the key exists, or only over the content of that ETag. */
export type S3Condition = { readonly ifAbsent: true } | { readonly ifMatch: string };

/** The calls of the S3 protocol that a store needs, on one bucket; refusals that a caller expects are values, everything else is thrown as {@link call} says. */
export class S3Bucket {
  private constructor(
    private readonly client: S3Client,
    private readonly publicClient: S3Client,
    private readonly bucket: string,
    private readonly limits: S3Limits,
  ) {}

  static async open(options: S3BucketOptions, limits = S3_LIMITS): Promise<S3Bucket> {
    const client = makeS3Client(options, options.endpoint);
    const { publicEndpoint } = options;
    const publicClient = publicEndpoint === undefined ? client : makeS3Client(options, publicEndpoint);
    const bucket = new S3Bucket(client, publicClient, options.bucket, limits);
    if (options.createBucket === true) await bucket.create();
    return bucket;
  }

  async ping(): Promise<void> {
    await call(() => this.client.send(new HeadBucketCommand({ Bucket: this.bucket })));
  }

  close(): void {
    this.client.destroy();
    this.publicClient.destroy();
  }

  async head(key: string): Promise<S3Head | undefined> {
    const input = { ...this.at(key), ChecksumMode: 'ENABLED' } as const;
    const answer = await unless([404], () => this.client.send(new HeadObjectCommand(input)));
    if (!answer) return undefined;
    const { ContentLength = 0, ETag = '', LastModified, ChecksumSHA256: sha256, ChecksumType } = answer;
    const isWhole = sha256 !== undefined && ChecksumType !== 'COMPOSITE';
    const modifiedMs = wholeSeconds(LastModified);
    return { sizeBytes: ContentLength, etag: ETag, modifiedMs, ...(isWhole ? { sha256 } : {}) };
  }

  /**
   * The whole or a range; lost connections are made up for. undefined: no such key; `'unsatisfiable'`: the object ends before the range starts.
   * @param ifMatch only of the content with this ETag; of another is undefined
   */
  async get(key: string, range?: ByteRange, ifMatch?: string): Promise<S3Content | 'unsatisfiable' | undefined> {
    try {
      const first = await this.fetch(key, {
        ...(range ? { Range: `bytes=${range.start}-${range.end ?? ''}` } : {}),
        ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
      });
      const { etag, sizeBytes, totalBytes } = first;
      const start = range?.start ?? 0;
      const rest = async (offset: number): Promise<Readable> => {
        const Range = `bytes=${start + offset}-${start + sizeBytes - 1}`;
        return (await this.fetch(key, { Range, IfMatch: etag })).body;
      };
      return { body: resumingBody(first, rest), sizeBytes, totalBytes, etag };
    } catch (error) {
      if (isAnswer(error, 416)) return 'unsatisfiable';
      if (isAnswer(error, 404, ...(ifMatch === undefined ? [] : [412]))) return undefined;
      throw error;
    }
  }

  /** The new ETag; undefined when the condition did not hold, or another writer was faster. */
  async put(key: string, bytes: Uint8Array, condition: S3Condition): Promise<string | undefined> {
    const only = 'ifMatch' in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: '*' };
    const input = { ...this.at(key), Body: bytes, ContentLength: bytes.byteLength, ...only };
    // 404: the key to match is gone; 409: a concurrent write or deletion
    const answer = await unless([404, 409, 412], () => this.client.send(new PutObjectCommand(input)));
    return answer && (answer.ETag ?? '');
  }

  startMultipart(key: string): Promise<S3Multipart> {
    return S3Multipart.start(this.client, this.at(key), { isChecked: true });
  }

  async delete(key: string): Promise<void> {
    await call(() => this.client.send(new DeleteObjectCommand(this.at(key))));
  }

  /** Deletes it unless it was written after that time; false when it was. */
  async deleteUnchanged(key: string, modifiedMs: number): Promise<boolean> {
    const there = await this.head(key);
    if (there && there.modifiedMs > modifiedMs) return false;
    if (there) await this.delete(key);
    return true;
  }

  /** What stands before the first `/` of the keys, each once. */
  async *topFolders(): AsyncGenerator<string> {
    const pages = paginateListObjectsV2({ client: this.client }, { Bucket: this.bucket, Delimiter: '/' });
    for (;;) {
      const { done, value } = await call(() => pages.next());
      if (done === true) return;
      for (const { Prefix = '' } of value.CommonPrefixes ?? []) yield Prefix.slice(0, -1);
    }
  }

  /** Copies within the server the content that `from` had when its head was read. False, and nothing is copied, when it has another by now or is gone. */
  async copy(fromKey: string, toKey: string, from: Pick<S3Head, 'sizeBytes' | 'etag'>): Promise<boolean> {
    const source = { CopySource: `${this.bucket}/${encodeURI(fromKey)}`, CopySourceIfMatch: from.etag };
    const command = new CopyObjectCommand({ ...this.at(toKey), ...source });
    const copyWhole = (): Promise<unknown> => this.client.send(command);
    const copyParts = (): Promise<unknown> => this.copyInParts(source, toKey, from.sizeBytes);
    const isSmall = from.sizeBytes <= this.limits.singleRequestBytes;
    return (await unless([404, 409, 412], isSmall ? copyWhole : copyParts)) !== undefined;
  }

  /** Every key that starts with `prefix`, in order. */
  async *list(
    prefix: string,
  ): AsyncGenerator<{ readonly key: string; readonly sizeBytes: number; readonly modifiedMs: number }> {
    const pages = paginateListObjectsV2({ client: this.client }, { Bucket: this.bucket, Prefix: prefix });
    for (;;) {
      const { done, value } = await call(() => pages.next());
      if (done === true) return;
      for (const { Key, Size = 0, LastModified } of value.Contents ?? [])
        if (Key !== undefined) yield { key: Key, sizeBytes: Size, modifiedMs: wholeSeconds(LastModified) };
    }
  }

  /** Frees what uploads that never ended hold. */
  async abortStaleMultiparts(olderThanMs: number): Promise<void> {
    await abortStaleMultiparts(this.client, this.bucket, olderThanMs);
  }

  /** A PUT of exactly `sizeBytes` bytes with that SHA-256: both headers are signed, and the server checks the second. @throws {ProblemError} `storage.too_large` over 5 GiB. */
  async presignPut(
    key: string,
    sha256: string,
    { sizeBytes, expiresInSeconds }: { readonly sizeBytes: number; readonly expiresInSeconds: number },
  ): Promise<{ readonly url: string; readonly headers: Record<string, string> }> {
    if (sizeBytes > this.limits.singleRequestBytes) throw storageProblem.tooLarge(this.limits.singleRequestBytes);
    const headers = { 'content-length': String(sizeBytes), 'x-amz-checksum-sha256': sha256 };
    const command = new PutObjectCommand({ ...this.at(key), ContentLength: sizeBytes, ChecksumSHA256: sha256 });
    const url = await getSignedUrl(this.publicClient, command, {
      expiresIn: expiresInSeconds,
      signableHeaders: new Set(['host', ...Object.keys(headers)]),
      unhoistableHeaders: new Set(Object.keys(headers)),
    });
    return { url, headers };
  }

  presignGet(key: string, expiresInSeconds: number): Promise<string> {
    const command = new GetObjectCommand({
      ...this.at(key),
      ResponseContentType: 'application/octet-stream',
      ResponseContentDisposition: 'attachment',
    });
    return getSignedUrl(this.publicClient, command, { expiresIn: expiresInSeconds });
  }

  /** Puts other bytes in place of an object's first ones: sends those and what follows them up to the smallest size of a part, copies the rest within the server. False when the object is another by now. */
  async replaceHead(key: string, head: Uint8Array, of: Pick<S3Head, 'sizeBytes' | 'etag'>): Promise<boolean> {
    const firstEnd = Math.min(of.sizeBytes, FIRST_PART_BYTES);
    const found = await this.get(key, { start: 0, end: firstEnd - 1 }, of.etag);
    if (found === undefined || found === 'unsatisfiable') return false;
    const first = await collect(found.body, firstEnd);
    first.set(head);
    if (firstEnd === of.sizeBytes) return (await this.put(key, first, { ifMatch: of.etag })) !== undefined;
    const source = { CopySource: `${this.bucket}/${encodeURI(key)}`, CopySourceIfMatch: of.etag };
    const upload = await S3Multipart.start(this.client, this.at(key), { isChecked: false });
    const parts = async (): Promise<void> => {
      await upload.run(async (add) => {
        await add((number) => upload.sendPart(number, first), 1);
        for (let start = firstEnd; start < of.sizeBytes; start += this.limits.copyPartBytes) {
          const end = Math.min(start + this.limits.copyPartBytes, of.sizeBytes) - 1;
          await add((number) => upload.copyPart(number, source, `bytes=${start}-${end}`), COPIES_IN_FLIGHT);
        }
      });
    };
    if ((await unless([404, 412], () => parts().then(() => true))) === undefined) return false;
    return upload.complete({ ifMatch: of.etag });
  }

  /** undefined when another ended the upload. */
  private async copyInParts(
    source: { readonly CopySource: string; readonly CopySourceIfMatch: string },
    toKey: string,
    sizeBytes: number,
  ): Promise<true | undefined> {
    const { copyPartBytes } = this.limits;
    const upload = await S3Multipart.start(this.client, this.at(toKey), { isChecked: false });
    await upload.run(async (add) => {
      for (let start = 0; start < sizeBytes; start += copyPartBytes) {
        const end = Math.min(start + copyPartBytes, sizeBytes) - 1;
        await add((number) => upload.copyPart(number, source, `bytes=${start}-${end}`), COPIES_IN_FLIGHT);
      }
    });
    return (await upload.complete()) || undefined;
  }

  private async fetch(key: string, how: { readonly Range?: string; readonly IfMatch?: string }): Promise<S3Content> {
    const { Body, ContentLength, ContentRange, ETag } = await call(() =>
      this.client.send(new GetObjectCommand({ ...this.at(key), ...how })),
    );
    if (!(Body instanceof Readable) || ContentLength === undefined || ETag === undefined)
      throw new TypeError('the S3 server answered without a body, its length or its ETag');
    const totalBytes = Number(/\/(\d+)$/.exec(ContentRange ?? '')?.[1] ?? ContentLength);
    return { body: Body, sizeBytes: ContentLength, totalBytes, etag: ETag };
  }

  private async create(): Promise<void> {
    const exists = await unless([404], () => this.client.send(new HeadBucketCommand({ Bucket: this.bucket })));
    if (exists) return;
    const made = await unless([409], () => this.client.send(new CreateBucketCommand({ Bucket: this.bucket })));
    if (!made) await this.ping();
  }

  private at(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.bucket, Key: key };
  }
}

function wholeSeconds(time: Date | undefined): number {
  return Math.floor((time?.getTime() ?? 0) / 1000) * 1000;
}

/** undefined when the server answers one of these statuses. */
async function unless<T>(statuses: readonly number[], send: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call(send);
  } catch (error) {
    if (isAnswer(error, ...statuses)) return undefined;
    throw error;
  }
}

/** Whether the server answered one of these statuses for the key; a bucket that is not there is a fault of the configuration. */
function isAnswer(error: unknown, ...statuses: readonly number[]): boolean {
  return statuses.includes(httpStatusOf(error) ?? 0) && (error as Error).name !== 'NoSuchBucket';
}
