import { ConfigError } from '@myriad/config';
import type { HttpLogger } from '../options.js';
import { TlsFiles } from './tls-files.js';

/** Mutual TLS of this process: its certificate, and who may call it. */
export interface Tls {
  readonly files: TlsFiles;
  /** Names (DNS or URI) of which a client's certificate must have one. */
  readonly allowedClients: readonly string[];
}

/** What `httpConfig` says of TLS. */
export interface TlsConfig {
  readonly TLS_CERT_FILE?: string | undefined;
  readonly TLS_KEY_FILE?: string | undefined;
  readonly TLS_CA_FILE?: string | undefined;
  readonly TLS_ALLOWED_CLIENTS?: readonly string[] | undefined;
}

const DEFAULT_CLIENTS = ['gateway'];

/** Undefined when no TLS is configured. @throws {ConfigError} when half of it is, or the files are no whole */
export function openTls(config: TlsConfig, logger: HttpLogger): Tls | undefined {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: caFile } = config;
  if (certFile === undefined && keyFile === undefined && caFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined || caFile === undefined)
    throw new ConfigError([
      { variable: 'TLS_CERT_FILE', message: 'TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE are given together' },
    ]);
  const files = TlsFiles.open({ certFile, keyFile, caFile, logger });
  return { files, allowedClients: config.TLS_ALLOWED_CLIENTS ?? DEFAULT_CLIENTS };
}
