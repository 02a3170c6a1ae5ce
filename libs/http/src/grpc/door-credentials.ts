import { X509Certificate } from 'node:crypto';
import { ServerCredentials, experimental, type ServerUnaryCall } from '@grpc/grpc-js';
import { isNamed } from '../tls/guard-tls.js';
import type { Tls } from '../tls/open-tls.js';

type Provider = Parameters<typeof experimental.createCertificateProviderServerCredentials>[0];

/** Mutual TLS with the certificates of the HTTP port, new ones included; in plain without. */
export function doorCredentials(tls: Tls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const provider = providerOf(tls);
  return experimental.createCertificateProviderServerCredentials(provider, provider, true);
}

/** Whether the client's certificate has one of the names that may call; always without TLS. */
export function isAllowed(
  call: Pick<ServerUnaryCall<unknown, unknown>, 'getAuthContext'>,
  tls: Tls | undefined,
): boolean {
  if (tls === undefined) return true;
  const raw = call.getAuthContext().sslPeerCertificate?.raw;
  return raw !== undefined && isNamed(new X509Certificate(raw), tls.allowedClients);
}

function providerOf({ files }: Tls): Provider {
  const ends = new Map<object, () => void>();
  const follow = (listener: object, tell: () => void): void => {
    // the server hears of it only after it has asked
    queueMicrotask(tell);
    ends.set(listener, files.onChange(tell));
  };
  const forget = (listener: object): void => {
    ends.get(listener)?.();
    ends.delete(listener);
  };
  return {
    addCaCertificateListener: (listener) => {
      follow(listener, () => {
        listener({ caCertificate: Buffer.from(files.current.ca) });
      });
    },
    removeCaCertificateListener: forget,
    addIdentityCertificateListener: (listener) => {
      follow(listener, () => {
        const { cert, key } = files.current;
        listener({ certificate: Buffer.from(cert), privateKey: Buffer.from(key) });
      });
    },
    removeIdentityCertificateListener: forget,
  };
}
