/**
 * Whether gateway and service are sure to read the same path: no dot segments, no empty ones, no backslash, and no escapes of `/`, `\`, `.`,
 * `%` or control characters, in whatever spelling. What is let pass is forwarded as it came.
 */
export function isSafePath(path: string): boolean {
  return path.startsWith('/') && !path.includes('//') && !DOT_SEGMENT.test(path) && !UNSAFE.test(path);
}

const DOT_SEGMENT = /\/\.\.?(?:\/|$)/;
/** Escapes that are no two hex digits; escaped `/ \ . %`, DEL and C0 controls; raw backslash, fragment, white space, controls and non-ASCII. */
const UNSAFE = /%(?![0-9a-f]{2})|%(?:2f|5c|2e|25|7f|[01][0-9a-f])|[\\#]|[^\x21-\x7e]/i;
