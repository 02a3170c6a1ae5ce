import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server, TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { HttpLogger } from '../options.js';
import type { Tls } from './open-tls.js';
import type { TlsMaterial } from './tls-files.js';

const MANNERS = { requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' } as const;

/** Options of a server that talks only to clients with a certificate of a trusted authority. */
export function tlsServerOptions(material: TlsMaterial): TlsMaterial & typeof MANNERS {
  return { ...material, ...MANNERS };
}

/**
 * Ends connections of clients whose certificate has none of the allowed names, and takes new certificates over: requests in flight end,
 * and connections from before are closed after their next answer.
 */
export function guardTls(instance: FastifyInstance, { files, allowedClients }: Tls, logger: HttpLogger): void {
  const server = instance.server as unknown as Server;
  const open = new Set<TLSSocket>();
  const stale = new WeakSet<object>();
  server.on('secureConnection', (socket: TLSSocket) => {
    const certificate = socket.getPeerX509Certificate();
    if (certificate !== undefined && isNamed(certificate, allowedClients)) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return;
    }
    logger.warn({ names: certificate?.subjectAltName, allowedClients }, 'a client with another name was refused');
    socket.destroy();
  });
  const end = files.onChange((material) => {
    server.setSecureContext(tlsServerOptions(material));
    for (const socket of open) stale.add(socket);
  });
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    if (stale.has(socket)) response.setHeader('connection', 'close');
  });
  instance.addHook('onClose', (_instance, done) => {
    end();
    done();
  });
}

/** Names are compared whole: a certificate for `*.example` is none for `gateway.example`. */
export function isNamed(certificate: X509Certificate, names: readonly string[]): boolean {
  const uris = (certificate.subjectAltName ?? '').split(', ');
  return names.some((name) =>
    name.includes('://')
      ? uris.includes(`URI:${name}`)
      : certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined,
  );
}
