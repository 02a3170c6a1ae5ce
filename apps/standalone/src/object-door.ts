import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { httpConfig, loadConfig, runMain, telemetryConfig } from '@myriad/config';
import {
  EncryptingObjectStore,
  FileObjectStore,
  createObjectDoor,
  objectStoreConfig,
  openObjectStore,
} from '@myriad/storage';
import { z } from 'zod';

const STOP_MS = 8_000;
/** An upload of 5 GB over a slow line. */
const LONGEST_REQUEST_MS = 6 * 3_600_000;

const schema = z.object({ ...httpConfig, ...telemetryConfig, ...objectStoreConfig });

/** The process behind the presigned URLs of stores that are not a bucket: of files, and of all that is encrypted. */
async function main(): Promise<void> {
  const config = loadConfig(schema);
  const store = await openObjectStore(config);
  if (!(store instanceof FileObjectStore || store instanceof EncryptingObjectStore))
    throw new TypeError('a bucket serves its presigned URLs itself');
  const log = (level: string, msg: string, reason?: string): void => {
    process.stdout.write(
      `${JSON.stringify({ level, time: new Date().toISOString(), service: 'objects', msg, reason })}\n`,
    );
  };
  const door = createObjectDoor(store, {
    onError: (error) => {
      log('error', 'an object could not be served', error instanceof Error ? error.message : String(error));
    },
  });
  const health = async (response: ServerResponse): Promise<void> => {
    const status = await store.ping().then(
      () => 200,
      () => 503,
    );
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ status: status === 200 ? 'ok' : 'unavailable' }));
  };
  const server = createServer({ requestTimeout: LONGEST_REQUEST_MS }, (request: IncomingMessage, response) => {
    if (request.method === 'GET' && (request.url === '/healthz' || request.url === '/readyz')) void health(response);
    else door(request, response);
  });
  server.listen(config.PORT, config.HOST, () => {
    log('info', 'listening');
  });
  process.once('SIGTERM', () => {
    server.close();
    server.closeIdleConnections();
    setTimeout(() => {
      server.closeAllConnections();
    }, STOP_MS).unref();
  });
}

await runMain(main);
