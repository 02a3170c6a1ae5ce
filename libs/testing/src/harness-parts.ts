import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { topics, type CloudEvent } from '@myriad/contracts';
import {
  InternalTokenVerifier,
  configureHttpApp,
  createHttpAdapter,
  generateInternalKeys,
  internalSigner,
  staticKeys,
  type InternalSigner,
} from '@myriad/http';
import {
  EventLogServer,
  MemoryEventLog,
  connectEventServer,
  ensureContractTopics,
  parseEvent,
} from '@myriad/messaging';
import { IdempotencyStore, OutboxRelay, UnitOfWork, type Database } from '@myriad/persistence';
import { FileObjectStore, createObjectDoor } from '@myriad/storage';
import { createLogger } from '@myriad/telemetry';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { HarnessOptions, HarnessParts } from './service-harness.js';
import { tempFolder } from './temp-folder.js';
import { createTestDatabase } from './test-database.js';

/** A service that runs, and how to end it. */
export interface RunningService<D extends Database | undefined> {
  readonly parts: HarnessParts<D>;
  readonly app: NestFastifyApplication;
  readonly url: string;
  readonly signer: InternalSigner;
  readonly verifier: InternalTokenVerifier;
  readonly relay: OutboxRelay | undefined;
  close(): Promise<void>;
}

type Closer = () => Promise<unknown>;

/** Puts a service together as its `main.ts` does, on what a test can look into. What was opened is closed when a step fails. */
export async function startService<D extends Database | undefined>(
  options: HarnessOptions<D>,
): Promise<RunningService<D>> {
  const closers: Closer[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const parts = await openParts(options, closers);
    return { ...(await startApp(options, parts, closers)), parts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openParts<D extends Database | undefined>(
  { service, openDatabase }: HarnessOptions<D>,
  closers: Closer[],
): Promise<HarnessParts<D>> {
  const logger = createLogger({ service, level: 'fatal' });
  const folder = await tempFolder();
  closers.push(() => folder.remove());
  const log = new MemoryEventLog();
  closers.push(() => log.close());
  await ensureContractTopics(log);
  const events: CloudEvent[] = [];
  await log.tail({
    topics: topics.map(({ name }) => name),
    onRecord: (record) => void events.push(parseEvent(record)),
  });
  const objects = await openObjects(join(folder.path, 'objects'), closers);
  let database = undefined as D;
  if (openDatabase !== undefined) {
    const test = await createTestDatabase({ service });
    closers.push(() => test.drop());
    const opened = await openDatabase({ url: test.url, migrationUrl: test.migrationUrl, poolSize: 8, logger });
    if (opened !== undefined) closers.push(() => opened.close());
    database = opened;
  }
  return { service, database, log, events, objects, folder: folder.path, logger };
}

/** A file store whose presigned URLs are really served. */
async function openObjects(root: string, closers: Closer[]): Promise<FileObjectStore> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const publicUrl = `http://127.0.0.1:${port}/objects`;
  const store = await FileObjectStore.open({ root, publicUrl, signingKey: randomBytes(32) });
  server.on('request', createObjectDoor(store));
  return store;
}

async function startApp<D extends Database | undefined>(
  { service, module, overrides = [], beforeListen }: HarnessOptions<D>,
  parts: HarnessParts<D>,
  closers: Closer[],
): Promise<Omit<RunningService<D>, 'parts' | 'close'>> {
  const { database, log, logger } = parts;
  const { privateJwk, publicJwks } = await generateInternalKeys('test');
  const httpOptions = {
    service,
    logger,
    verifier: new InternalTokenVerifier({ keys: staticKeys(publicJwks) }),
    validateResponses: true,
    ...(database === undefined ? {} : { idempotency: new IdempotencyStore(new UnitOfWork(database)) }),
  };
  const builder = Test.createTestingModule({ imports: [module(parts)] });
  for (const { provide, useValue } of overrides) builder.overrideProvider(provide).useValue(useValue);
  const compiled = await builder.compile();
  const adapter = createHttpAdapter(httpOptions);
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and documents literals
  const bare = compiled.createNestApplication<NestFastifyApplication>(adapter, { bodyParser: false, logger: false });
  const app = configureHttpApp(bare, httpOptions);
  closers.push(() => app.close());
  connectEventServer(app, new EventLogServer({ log, group: service, logger, retryDelayMs: 5 }));
  let relay: OutboxRelay | undefined;
  if (database !== undefined) {
    relay = new OutboxRelay({ database, append: (records) => log.append(records), logger });
    closers.push(() => relay?.stop() ?? Promise.resolve());
    relay.start();
  }
  await beforeListen?.(app);
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  return {
    app,
    url: await app.getUrl(),
    signer: await internalSigner(privateJwk),
    verifier: httpOptions.verifier,
    relay,
  };
}
