import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { ConnectionUse } from './connection-use.js';
import { EventText } from './event-stream.js';
import type { HttpLimits } from './options.js';

/** A server that is asked without a pause ends all the same, milliseconds. */
const LONGEST_QUIET_MS = 3_000;

/**
 * While the app closes, it is not ready, requests are answered and their connections end after them; event streams end at once. When no
 * connection is in use any more, nothing more is taken; what is not done `drainMs` later is cut.
 */
export function installDrain(
  instance: FastifyInstance,
  { drainMs, quietMs }: Pick<HttpLimits, 'drainMs' | 'quietMs'>,
): () => boolean {
  const streams = new Set<EventText>();
  let isDraining = false;
  const use = new ConnectionUse(instance.server);
  const unused = unusedConnections(instance, () => isDraining);
  instance.addHook('onSend', (_request, reply, payload, done) => {
    if (isDraining) reply.header('connection', 'close');
    if (payload instanceof EventText) {
      streams.add(payload);
      payload.once('close', () => streams.delete(payload));
      if (isDraining) payload.finish();
    }
    done(null, payload);
  });
  instance.addHook('preClose', (done) => {
    isDraining = true;
    for (const stream of streams) stream.finish();
    void use.quiet(quietMs, LONGEST_QUIET_MS).then(() => {
      for (const socket of unused) endUnused(socket);
      const cut = setTimeout(() => {
        instance.server.closeAllConnections();
      }, drainMs);
      instance.server.once('close', () => {
        clearTimeout(cut);
      });
      done();
    });
  });
  return () => isDraining;
}

/** Connections that were opened ahead and never used: Node does not count them as idle, so they would hold the end up. */
function unusedConnections(instance: FastifyInstance, isDraining: () => boolean): ReadonlySet<Socket> {
  const unused = new Set<Socket>();
  instance.server.on('connection', (socket: Socket) => {
    unused.add(socket);
    if (isDraining()) setTimeout(endUnused, LAST_CALL_MS, socket).unref();
    socket.once('close', () => unused.delete(socket));
  });
  instance.addHook('onRequest', (request, _reply, done) => {
    unused.delete(request.raw.socket);
    done();
  });
  return unused;
}

/** A connection that came while the end had begun may still have its request under way, milliseconds. */
const LAST_CALL_MS = 100;

function endUnused(socket: Socket): void {
  if (socket.bytesRead === 0) socket.destroy();
}
