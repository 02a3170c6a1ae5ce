import type { FastifyInstance } from 'fastify';
import { EventText } from './event-stream.js';
import { type DrainLimits, ServerDrain } from './server-drain.js';

/**
 * While the app closes, it is not ready, requests are answered and their connections end after them ({@link ServerDrain}); event streams end at
 * once.
 * @returns whether it closes
 */
export function installDrain(instance: FastifyInstance, limits: DrainLimits): () => boolean {
  const streams = new Set<EventText>();
  const drain = new ServerDrain(instance.server);
  instance.addHook('onSend', (_request, _reply, payload, done) => {
    if (payload instanceof EventText) {
      streams.add(payload);
      payload.once('close', () => streams.delete(payload));
      if (drain.isDraining) payload.finish();
    }
    done(null, payload);
  });
  instance.addHook('preClose', async () => {
    const isOver = drain.begin(limits);
    for (const stream of streams) stream.finish();
    await isOver;
  });
  return () => drain.isDraining;
}
