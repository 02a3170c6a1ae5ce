import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '@myriad/config';
import { observedGauge } from '@myriad/telemetry';
import type { HttpLogger } from '../options.js';

/** PEM texts of one moment. */
export interface TlsMaterial {
  /** The own certificate, with the chain above it but for the root. */
  readonly cert: string;
  readonly key: string;
  /** The authorities whose certificates are trusted; several while one takes over from another. */
  readonly ca: string;
}

export interface TlsFilesOptions {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  readonly logger: HttpLogger;
  /** Between two looks at the files, milliseconds. Default 5,000. */
  readonly intervalMs?: number;
}

const DEFAULT_INTERVAL_MS = 5_000;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * A certificate, its key and the trusted authorities, from files that are looked at again and again: what replaces them is taken over when
 * it is whole. Files that do not fit together (half of a rotation is written) leave everything as it was.
 */
export class TlsFiles {
  private material: TlsMaterial;
  private readonly listeners = new Set<(material: TlsMaterial) => void>();
  private readonly timer: NodeJS.Timeout;
  private readonly endGauge: () => void;
  private refused = '';

  private constructor(private readonly options: TlsFilesOptions) {
    this.material = readMaterial(options);
    this.timer = setInterval(() => {
      this.look();
    }, options.intervalMs ?? DEFAULT_INTERVAL_MS).unref();
    this.endGauge = observedGauge(
      'myriad_tls_certificate_expiry_seconds',
      'Until the certificate of this process expires',
      () => (Date.parse(new X509Certificate(this.material.cert).validTo) - Date.now()) / 1000,
    );
  }

  /** @throws {ConfigError} when the files do not make a certificate with its key and authorities; never with any of the key */
  static open(options: TlsFilesOptions): TlsFiles {
    try {
      return new TlsFiles(options);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ConfigError([{ variable: 'TLS_CERT_FILE', message: `with TLS_KEY_FILE and TLS_CA_FILE: ${reason}` }]);
    }
  }

  get current(): TlsMaterial {
    return this.material;
  }

  /** Calls the listener with what is taken over. @returns what ends it */
  onChange(listener: (material: TlsMaterial) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Looks at the files now. */
  look(): void {
    const { logger, certFile } = this.options;
    try {
      const next = readMaterial(this.options);
      if (next.cert === this.material.cert && next.key === this.material.key && next.ca === this.material.ca) return;
      this.material = next;
      this.refused = '';
      for (const listener of this.listeners) listener(next);
      const { serialNumber, validTo } = new X509Certificate(next.cert);
      logger.info({ certFile, serialNumber, validTo }, 'a new certificate is in use');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== this.refused)
        logger.warn({ certFile, reason }, 'the certificate files changed, but not to a whole');
      this.refused = reason;
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.endGauge();
  }
}

function readMaterial({ certFile, keyFile, caFile }: TlsFilesOptions): TlsMaterial {
  const material = { cert: read(certFile), key: read(keyFile), ca: read(caFile) };
  if (!new X509Certificate(material.cert).checkPrivateKey(createPrivateKey(material.key)))
    throw new Error(`${keyFile} is not the key of ${certFile}`);
  const authorities = material.ca.match(CERTIFICATE) ?? [];
  if (authorities.length === 0) throw new Error(`${caFile} holds no certificate`);
  for (const authority of authorities) new X509Certificate(authority);
  createSecureContext(material);
  return material;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`can't read ${path} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`, { cause: error });
  }
}
