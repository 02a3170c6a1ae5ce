/**
 * How a value of a row is written, as a byte before it; little-endian:
 * nothing for `absent`, `null` and `tenant` (the text of the row's own tenant) · `text`: u16 length, UTF-8 · `digest`: the 32 bytes of a SHA-256 · `id`: u8 length of the prefix, prefix, 16 bytes ·
 * `uuid`: 16 bytes · `number` and `time` (Unix milliseconds): f64 · `other`: u32 length, JSON.
 */
export const VALUE = {
  absent: 0,
  null: 1,
  tenant: 2,
  text: 3,
  digest: 4,
  id: 5,
  uuid: 6,
  number: 7,
  time: 8,
  other: 9,
} as const;

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const DIGEST_PREFIX = 'sha256:';
/** What `newId` of the kernel makes. */
const ID = /^([a-z]{2,12}_)[0-9a-f]{32}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const MAX_TEXT_BYTES = 65_535;

/** The bytes of a value, its kind first. */
export function encodeValue(value: unknown, tenant: string): Buffer {
  if (value === undefined) return Buffer.of(VALUE.absent);
  if (value === null) return Buffer.of(VALUE.null);
  if (typeof value === 'number') return withDouble(VALUE.number, value);
  if (typeof value === 'string') return encodeText(value, tenant);
  return encodeOther(value);
}

function encodeText(text: string, tenant: string): Buffer {
  if (text === tenant) return Buffer.of(VALUE.tenant);
  if (DIGEST.test(text)) return withHex(Buffer.of(VALUE.digest), text.slice(DIGEST_PREFIX.length));
  const prefix = ID.exec(text)?.[1];
  if (prefix !== undefined)
    return withHex(Buffer.concat([Buffer.of(VALUE.id, prefix.length), Buffer.from(prefix)]), text.slice(prefix.length));
  if (UUID.test(text)) return withHex(Buffer.of(VALUE.uuid), text.replaceAll('-', ''));
  return encodePlain(text);
}

/** A text that is written as it is, whatever it looks like. */
export function encodePlain(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_TEXT_BYTES) return encodeOther(text);
  const head = Buffer.of(VALUE.text, 0, 0);
  head.writeUInt16LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** A time as its milliseconds, where that says all of it. */
export function encodeTime(time: string): Buffer {
  const ms = Date.parse(time);
  return Number.isNaN(ms) || new Date(ms).toISOString() !== time ? encodePlain(time) : withDouble(VALUE.time, ms);
}

function withDouble(kind: number, value: number): Buffer {
  const bytes = Buffer.of(kind, 0, 0, 0, 0, 0, 0, 0, 0);
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function withHex(head: Buffer, hex: string): Buffer {
  return Buffer.concat([head, Buffer.from(hex, 'hex')]);
}

function encodeOther(value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const head = Buffer.of(VALUE.other, 0, 0, 0, 0);
  head.writeUInt32LE(json.length, 1);
  return Buffer.concat([head, json]);
}

/** Where the value ends whose bytes, without the kind, begin at `start`. @throws for a kind that there is not */
export function valueEnd(bytes: Buffer, kind: number, start: number): number {
  switch (kind) {
    case VALUE.absent:
    case VALUE.null:
    case VALUE.tenant:
      return start;
    case VALUE.text:
      return start + 2 + ((bytes[start] as number) | ((bytes[start + 1] as number) << 8));
    case VALUE.digest:
      return start + 32;
    case VALUE.id:
      return start + 17 + (bytes[start] as number);
    case VALUE.uuid:
      return start + 16;
    case VALUE.number:
    case VALUE.time:
      return start + 8;
    case VALUE.other:
      return start + 4 + bytes.readUInt32LE(start);
    default:
      throw new Error(`a value of the kind ${kind}`);
  }
}

/** The value whose bytes begin at `start`; `tenant` is what a value of that kind says. */
export function decodeValue(bytes: Buffer, kind: number, start: number, tenant: string): unknown {
  const end = valueEnd(bytes, kind, start);
  switch (kind) {
    case VALUE.absent:
      return undefined;
    case VALUE.null:
      return null;
    case VALUE.tenant:
      return tenant;
    case VALUE.text:
      return bytes.toString('utf8', start + 2, end);
    case VALUE.digest:
      return `${DIGEST_PREFIX}${bytes.toString('hex', start, end)}`;
    case VALUE.id:
      return `${bytes.toString('latin1', start + 1, end - 16)}${bytes.toString('hex', end - 16, end)}`;
    case VALUE.uuid:
      return bytes.toString('hex', start, end).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    case VALUE.number:
      return bytes.readDoubleLE(start);
    case VALUE.time:
      return new Date(bytes.readDoubleLE(start)).toISOString();
    default:
      return JSON.parse(bytes.toString('utf8', start + 4, end)) as unknown;
  }
}
