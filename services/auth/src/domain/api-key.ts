import { digestOf } from '@myriad/kernel';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const PREFIX_BYTES = 5;
const SECRET_BYTES = 25;
const KEY_PATTERN = /^myr_([a-z2-7]{8})_[a-z2-7]{40}$/;

/** A key as it is issued: `text` is shown once and never stored. */
export interface ApiKey {
  /** `myr_<prefix>_<secret>`: 8 and 40 characters of base32. */
  readonly text: string;
  /** The public part, by which the key is found. */
  readonly prefix: string;
  /** SHA-256 of the text, hex. A secret of 200 random bits needs no slow hash. */
  readonly hash: string;
}

/** A new key from the given source of random bytes. */
export function generateApiKey(randomBytes: (size: number) => Uint8Array): ApiKey {
  return apiKeyOf(generateToken('myr', randomBytes));
}

/** `<tag>_<prefix>_<secret>`, a secret of 200 random bits. */
export function generateToken(tag: string, randomBytes: (size: number) => Uint8Array): string {
  return `${tag}_${base32(randomBytes(PREFIX_BYTES))}_${base32(randomBytes(SECRET_BYTES))}`;
}

/** Whether the text has the form of a key. */
export function isApiKeyText(text: string): boolean {
  return KEY_PATTERN.test(text);
}

/** @throws {TypeError} when the text is no key; it is not quoted, for it may be a secret. */
export function apiKeyOf(text: string): ApiKey {
  const prefix = KEY_PATTERN.exec(text)?.[1];
  if (prefix === undefined) throw new TypeError(`not an API key (${KEY_PATTERN.source})`);
  return { text, prefix, hash: digestOf(text).slice('sha256:'.length) };
}

/** RFC 4648 base32 in lower case, without padding; `bytes.length` is a multiple of 5. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += ALPHABET.charAt((held >>> (bits - 5)) & 31);
    held &= (1 << bits) - 1;
  }
  return text;
}
