import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import type { StoredRecord } from '../event-log.port.js';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/**
 * A part is zstd over records, big-endian:
 * `partition u32 | offset u64 | timestampMs f64 | key length u32 | headers length u32 | value length u32 | key | headers (JSON) | value`.
 */
const HEAD_BYTES = 32;

/** A part ends with the record that reaches one of these. */
const MAX_RECORDS = 10_000;
const MAX_VALUE_BYTES = 8 * 1_048_576;
/** More than that no part of ours unpacks to. */
const MAX_UNPACKED_BYTES = 64 * 1_048_576;

/** Records, as they are, until they make a part. */
export class PartBuilder {
  private records: StoredRecord[] = [];
  private valueBytes = 0;

  add(record: StoredRecord): boolean {
    this.records.push(record);
    this.valueBytes += record.value?.length ?? 0;
    return true;
  }

  isFull(): boolean {
    return this.records.length >= MAX_RECORDS || this.valueBytes >= MAX_VALUE_BYTES;
  }

  /** What was added since the last part; undefined when that is nothing. */
  async take(): Promise<Buffer | undefined> {
    if (this.records.length === 0) return undefined;
    const { records } = this;
    [this.records, this.valueBytes] = [[], 0];
    return encodePart(records);
  }
}

async function encodePart(records: readonly StoredRecord[]): Promise<Buffer> {
  return compress(Buffer.concat(records.flatMap(encodeRecord)));
}

function encodeRecord({ partition, offset, timestampMs, key, headers, value }: StoredRecord): readonly Buffer[] {
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  const [keyBytes, headerBytes] = [Buffer.from(key), Buffer.from(JSON.stringify(headers))];
  const valueBytes = value ?? Buffer.alloc(0);
  head.writeUInt32BE(partition, 0);
  head.writeBigUInt64BE(offset, 4);
  head.writeDoubleBE(timestampMs, 12);
  head.writeUInt32BE(keyBytes.length, 20);
  head.writeUInt32BE(headerBytes.length, 24);
  head.writeUInt32BE(valueBytes.length, 28);
  return [head, keyBytes, headerBytes, valueBytes];
}

/** Its records, made one after the other. @throws when it is no part */
export async function decodePart(topic: string, part: Buffer): Promise<Iterable<StoredRecord>> {
  return recordsOf(topic, await decompress(part, { maxOutputLength: MAX_UNPACKED_BYTES }));
}

function* recordsOf(topic: string, bytes: Buffer): Generator<StoredRecord> {
  for (let at = 0; at < bytes.length;) {
    const keyEnd = at + HEAD_BYTES + bytes.readUInt32BE(at + 20);
    const headersEnd = keyEnd + bytes.readUInt32BE(at + 24);
    const end = headersEnd + bytes.readUInt32BE(at + 28);
    yield {
      topic,
      partition: bytes.readUInt32BE(at),
      offset: bytes.readBigUInt64BE(at + 4),
      timestampMs: bytes.readDoubleBE(at + 12),
      key: bytes.toString('utf8', at + HEAD_BYTES, keyEnd),
      headers: JSON.parse(bytes.toString('utf8', keyEnd, headersEnd)) as Record<string, string>,
      value: bytes.subarray(headersEnd, end),
    };
    at = end;
  }
}
