import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
  type ListMultipartUploadsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { call, httpStatusOf } from './s3-error.js';

interface At {
  readonly Bucket: string;
  readonly Key: string;
}

/** Starts a part once fewer than `maxInFlight` are on their way; resolves when it has started. */
export type AddPart = (send: (partNumber: number) => Promise<CompletedPart>, maxInFlight: number) => Promise<void>;

/** An upload in parts: nothing is at the key until {@link complete}. */
export class S3Multipart {
  private readonly parts: CompletedPart[] = [];

  private constructor(
    private readonly client: S3Client,
    private readonly at: At & { readonly UploadId: string },
  ) {}

  /** `isChecked`: each part goes with its CRC32, which the server compares; of no use where the server copies. */
  static async start(client: S3Client, at: At, { isChecked }: { readonly isChecked: boolean }): Promise<S3Multipart> {
    const check = isChecked ? ({ ChecksumAlgorithm: 'CRC32' } as const) : {};
    const answer = await call(() => client.send(new CreateMultipartUploadCommand({ ...at, ...check })));
    if (answer.UploadId === undefined) throw new TypeError('the S3 server started an upload without an id');
    return new S3Multipart(client, { ...at, UploadId: answer.UploadId });
  }

  /**
   * Runs `produce`, which adds the parts in order; several are sent at once. When anything fails, waits for those on their way and aborts the upload, so that the server keeps no part of it.
   */
  async run(produce: (add: AddPart) => Promise<void>): Promise<void> {
    const inFlight = new Set<Promise<void>>();
    let failure: { readonly error: unknown } | undefined;
    let count = 0;
    const add: AddPart = async (send, maxInFlight) => {
      while (inFlight.size >= maxInFlight) await Promise.race(inFlight);
      if (failure) throw failure.error;
      const number = ++count;
      const sending = this.collect(send, number)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => inFlight.delete(sending));
      inFlight.add(sending);
    };
    try {
      await produce(add);
    } catch (error) {
      failure ??= { error };
    }
    await Promise.all(inFlight);
    if (!failure) return;
    await this.abort();
    throw failure.error;
  }

  async sendPart(PartNumber: number, bytes: Buffer): Promise<CompletedPart> {
    const body = { Body: bytes, ContentLength: bytes.byteLength, ChecksumAlgorithm: 'CRC32' } as const;
    const command = new UploadPartCommand({ ...this.at, PartNumber, ...body });
    const { ETag, ChecksumCRC32 } = await call(() => this.client.send(command));
    return { PartNumber, ETag, ChecksumCRC32 };
  }

  async copyPart(
    PartNumber: number,
    source: { readonly CopySource: string; readonly CopySourceIfMatch: string },
    range: string,
  ): Promise<CompletedPart> {
    const input = { ...this.at, ...source, PartNumber, CopySourceRange: range };
    const { CopyPartResult } = await call(() => this.client.send(new UploadPartCopyCommand(input)));
    return { PartNumber, ETag: CopyPartResult?.ETag };
  }

  /** Makes the object. False, and nothing is made, when `ifAbsent` is set and the key exists, or `ifMatch` and its content is another, another writer is at it, or the server knows the upload no more. */
  async complete(condition: { readonly ifAbsent?: boolean; readonly ifMatch?: string } = {}): Promise<boolean> {
    const Parts = this.parts.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    const { ifAbsent, ifMatch } = condition;
    const only = {
      ...(ifAbsent === true ? { IfNoneMatch: '*' } : {}),
      ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
    };
    try {
      const command = new CompleteMultipartUploadCommand({ ...this.at, MultipartUpload: { Parts }, ...only });
      await call(() => this.client.send(command));
      return true;
    } catch (error) {
      await this.abort();
      if ([404, 409, 412].includes(httpStatusOf(error) ?? 0)) return false;
      throw error;
    }
  }

  /** Gives the parts up; that it is gone already is no fault, and a server that is away is left to {@link abortStaleMultiparts}. */
  async abort(): Promise<void> {
    await this.client.send(new AbortMultipartUploadCommand(this.at)).catch(() => undefined);
  }

  private async collect(send: (partNumber: number) => Promise<CompletedPart>, number: number): Promise<void> {
    this.parts.push(await send(number));
  }
}

/** Aborts the uploads of a bucket that began more than `olderThanMs` ago. */
export async function abortStaleMultiparts(client: S3Client, bucket: string, olderThanMs: number): Promise<void> {
  let marker: Marker | undefined = {};
  while (marker) {
    const page = await listUploads(client, { Bucket: bucket, ...marker });
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Date.now() - (Initiated?.getTime() ?? Date.now()) < olderThanMs) continue;
      await call(() => client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId })));
    }
    marker = markerAfter(page);
  }
}

interface Marker {
  readonly KeyMarker?: string;
  readonly UploadIdMarker?: string;
}

function listUploads(
  client: S3Client,
  from: Marker & { readonly Bucket: string },
): Promise<ListMultipartUploadsCommandOutput> {
  return call(() => client.send(new ListMultipartUploadsCommand(from)));
}

function markerAfter({
  IsTruncated,
  NextKeyMarker: key,
  NextUploadIdMarker: id,
}: ListMultipartUploadsCommandOutput): Marker | undefined {
  if (IsTruncated !== true || key === undefined) return undefined;
  return { KeyMarker: key, ...(id === undefined ? {} : { UploadIdMarker: id }) };
}
