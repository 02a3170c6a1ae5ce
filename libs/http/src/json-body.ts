import { isUtf8 } from 'node:buffer';
import { pointerOf } from './describe-issue.js';
import { ProtocolError } from './protocol-error.js';

/** Deepest nesting of arrays and objects in a body. */
export const MAX_JSON_DEPTH = 64;

/**
 * Parses a JSON body. Refused: text that is not UTF-8 or not JSON, nesting deeper than {@link MAX_JSON_DEPTH}, and members that could
 * reach a prototype (`__proto__`, or `constructor` with a `prototype`). @throws {ProtocolError} 400
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (!isUtf8(bytes))
    throw new ProtocolError(400, 'http.malformed_json', 'the body is not UTF-8; allowed is JSON in UTF-8');
  refuseDeep(bytes);
  const text = bytes.toString('utf8');
  const value = parse(text);
  if (SUSPICIOUS.test(text)) refuseUnsafe(value, []);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it does not parse';
    throw new ProtocolError(400, 'http.malformed_json', `the body is not JSON: ${why}`, [{ pointer: '', detail: why }]);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Counts brackets outside strings, before any recursion could meet them. */
function refuseDeep(bytes: Buffer): void {
  let depth = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === QUOTE) {
      i = endOfString(bytes, i + 1);
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1;
      if (depth > MAX_JSON_DEPTH) {
        const detail = `the body is nested deeper than ${MAX_JSON_DEPTH} levels at byte ${i}; allowed are ${MAX_JSON_DEPTH}`;
        throw new ProtocolError(400, 'http.json_too_deep', detail);
      }
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth -= 1;
    }
  }
}

function endOfString(bytes: Buffer, from: number): number {
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] === BACKSLASH) i += 1;
    else if (bytes[i] === QUOTE) return i;
  }
  return bytes.length;
}

/** Only a body whose text may hold such a name, written out or with escapes, is walked. */
const SUSPICIOUS = /__proto__|constructor|\\u00/i;

function refuseUnsafe(value: unknown, path: readonly string[]): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    const here = [...path, key];
    if (!Array.isArray(value) && isUnsafe(key, member)) {
      const pointer = pointerOf('', here);
      throw new ProtocolError(400, 'http.unsafe_member', `the member ${pointer} is never allowed`, [
        { pointer, detail: 'a member that names a prototype is refused' },
      ]);
    }
    refuseUnsafe(member, here);
  }
}

function isUnsafe(key: string, member: unknown): boolean {
  if (key === '__proto__') return true;
  return key === 'constructor' && typeof member === 'object' && member !== null && Object.hasOwn(member, 'prototype');
}
