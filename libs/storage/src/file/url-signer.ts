import { createHmac, timingSafeEqual } from 'node:crypto';
import { isTenantId, type Clock, type Digest, type TenantId } from '@myriad/kernel';
import { checkExpiry, digestOfHex, hexOf } from '../object-name.js';
import type { PresignedUrl } from '../object-store.port.js';
import { storageProblem } from '../storage-problem.js';

/** Shortest signing key, bytes: as long as the HMAC's hash. */
export const MIN_SIGNING_KEY_BYTES = 32;

/** What the holder of a URL may do. */
export interface UrlGrant {
  readonly method: 'GET' | 'PUT';
  readonly tenantId: TenantId;
  readonly digest: Digest;
  /** Bytes of an upload; of no meaning for a download. */
  readonly sizeBytes: number;
}

/**
 * URLs that carry their own permission: `<base>/<tenant>/<hex of the digest>?size=…&expires=<Unix seconds>&signature=…`, where the signature is the base64url of
 * `HMAC-SHA256(key, "myriad-object-v1\n<method>\n<tenant>\n<digest>\n<size>\n<expires>")`.
 */
export class UrlSigner {
  private readonly base: string;

  /** @throws {TypeError} for a key under 32 bytes. */
  constructor(
    publicUrl: string,
    private readonly key: Uint8Array,
    private readonly clock: Pick<Clock, 'nowMs'>,
  ) {
    if (key.byteLength < MIN_SIGNING_KEY_BYTES) throw new TypeError(`a signing key has ${MIN_SIGNING_KEY_BYTES} bytes`);
    this.base = publicUrl.replace(/\/+$/, '');
  }

  sign(grant: UrlGrant, expiresInSeconds: number): PresignedUrl {
    const expires = Math.floor(this.clock.nowMs() / 1000) + checkExpiry(expiresInSeconds);
    const query = new URLSearchParams({
      size: String(grant.sizeBytes),
      expires: String(expires),
      signature: this.signatureOf(grant, expires).toString('base64url'),
    });
    return {
      url: `${this.base}/${grant.tenantId}/${hexOf(grant.digest)}?${query.toString()}`,
      method: grant.method,
      headers: grant.method === 'PUT' ? { 'content-length': String(grant.sizeBytes) } : {},
      expiresAt: new Date(expires * 1000).toISOString(),
    };
  }

  /** What the URL grants. The last two segments of its path count, whatever the door is mounted on. @throws {ProblemError} `storage.url_invalid`, `storage.url_expired`. */
  verify(method: 'GET' | 'PUT', url: string): UrlGrant {
    const parsed = URL.parse(url, 'http://door.invalid');
    if (!parsed) throw storageProblem.urlInvalid();
    const { pathname, searchParams } = parsed;
    const [tenantId = '', hex = ''] = pathname.split('/').slice(-2);
    const [digest, expires] = [digestOfHex(hex), Number(searchParams.get('expires'))];
    const sizeBytes = Number(searchParams.get('size'));
    if (!isTenantId(tenantId) || digest === undefined || !Number.isSafeInteger(sizeBytes))
      throw storageProblem.urlInvalid();
    const grant: UrlGrant = { method, tenantId, digest, sizeBytes };
    const sent = Buffer.from(searchParams.get('signature') ?? '', 'base64url');
    const right = this.signatureOf(grant, expires);
    if (sent.length !== right.length || !timingSafeEqual(sent, right)) throw storageProblem.urlInvalid();
    if (this.clock.nowMs() >= expires * 1000) throw storageProblem.urlExpired();
    return grant;
  }

  private signatureOf({ method, tenantId, digest, sizeBytes }: UrlGrant, expires: number): Buffer {
    const text = ['myriad-object-v1', method, tenantId, digest, sizeBytes, expires].join('\n');
    return createHmac('sha256', this.key).update(text).digest();
  }
}
