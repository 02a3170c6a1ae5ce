import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  PERMISSIONS,
  type CloudEvent,
  type EventData,
  type EventDefinition,
  type RouteDefinition,
} from '@myriad/contracts';
import {
  InternalTokenVerifier,
  createHttpApp,
  generateInternalKeys,
  internalSigner,
  mintInternalToken,
  staticKeys,
  type InternalClaims,
  type InternalSigner,
} from '@myriad/http';
import { FakeClock } from '@myriad/kernel';
import {
  EventLogServer,
  MemoryEventLog,
  connectEventServer,
  ensureContractTopics,
  makeEvent,
  parseEvent,
  toRecord,
} from '@myriad/messaging';
import { OutboxRelay, UnitOfWork, type Database } from '@myriad/persistence';
import { createLogger } from '@myriad/telemetry';
import { createTestDatabase, eventually, tempFolder, type TestDatabase, type TempFolder } from '@myriad/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ProviderSettings } from '../src/adapters/oidc/provider-settings.js';
import { AppModule } from '../src/app.module.js';
import { BootstrapPlatform } from '../src/application/bootstrap-platform.js';
import { RepublishPrincipals } from '../src/application/republish-principals.js';
import { openAuthDatabase } from '../src/persistence/auth-database.js';

export interface Call {
  /** Who calls; default the bootstrapped administrator with all permissions, acting as the platform. */
  readonly as?: Partial<InternalClaims>;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Answer<T> {
  readonly status: number;
  /** What the contract says; of a refusal it is a problem. */
  readonly body: T & { readonly code?: string; readonly detail?: string };
}

/** The whole service on a real PostgreSQL and real sockets, with a log in memory and a clock that the test turns. */
export class AuthApp {
  readonly log = new MemoryEventLog();
  /** Every event that came into the log, in order of arrival. */
  readonly events: CloudEvent[] = [];
  app!: NestFastifyApplication;
  relay!: OutboxRelay;
  administrator = '';
  url = '';
  private readonly closers: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly testDatabase: TestDatabase,
    readonly folder: TempFolder,
    readonly database: Database,
    private readonly signer: InternalSigner,
    readonly clock: FakeClock,
  ) {}

  static async start(loginProviders: readonly ProviderSettings[] = [], clock = new FakeClock()): Promise<AuthApp> {
    const [testDatabase, folder] = await Promise.all([createTestDatabase({ service: 'auth' }), tempFolder()]);
    const logger = createLogger({ service: 'auth', level: 'error' });
    const { url, migrationUrl } = testDatabase;
    const database = await openAuthDatabase({ url, migrationUrl, logger });
    const { privateJwk, publicJwks } = await generateInternalKeys('test');
    const started = new AuthApp(testDatabase, folder, database, await internalSigner(privateJwk), clock);
    await started.run(new InternalTokenVerifier({ keys: staticKeys(publicJwks) }), logger, loginProviders);
    return started;
  }

  get bootstrapKeyFile(): string {
    return join(this.folder.path, 'admin.key');
  }

  get uow(): UnitOfWork {
    return new UnitOfWork(this.database);
  }

  private async run(
    verifier: InternalTokenVerifier,
    logger: ReturnType<typeof createLogger>,
    loginProviders: readonly ProviderSettings[],
  ): Promise<void> {
    const { database, log, clock } = this;
    await ensureContractTopics(log);
    const topics = [
      'tenant',
      'principal',
      'key',
      'signing-key',
      'approval',
      'tenant-key',
      'tenant-purge',
      'object',
    ].map((noun) => `myriad.auth.${noun}.v1`);
    await log.tail({ topics, onRecord: (record) => void this.events.push(parseEvent(record)) });
    const settings = {
      tokenLifeSeconds: 900,
      signingKeyDelayMs: 2000,
      bootstrapKeyFile: this.bootstrapKeyFile,
      sealingSecret: 'a secret of this test',
      sweepIntervalMs: 5000,
      loginSeconds: 28_800,
      loginProviders,
    };
    const app = await createHttpApp(AppModule.with({ database, logger, settings, clock }), {
      service: 'auth',
      logger,
      verifier,
      validateResponses: true,
    });
    this.app = app;
    connectEventServer(app, new EventLogServer({ log, group: 'auth', logger, retryDelayMs: 10 }));
    await app.get(BootstrapPlatform).execute();
    await app.get(RepublishPrincipals).execute();
    this.relay = new OutboxRelay({ database, append: (records) => log.append(records), logger });
    this.relay.start();
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    this.url = await app.getUrl();
    this.closers.push(
      () => app.close(),
      () => this.relay.stop(),
      () => log.close(),
      () => database.close(),
      () => this.testDatabase.drop(),
      () => this.folder.remove(),
    );
    this.administrator = (await this.event('auth.principal-changed.v1')).subject.split('/')[1]!;
  }

  /** Calls an operation as the gateway would. */
  async call<R extends RouteDefinition>(
    route: R,
    call: Call = {},
  ): Promise<Answer<ReturnType<R['response']['parse']>>> {
    const { params = {}, query = {}, body } = call;
    const path = route.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
    const search = new URLSearchParams(query).toString();
    const response = await fetch(`${this.url}${path}${search === '' ? '' : `?${search}`}`, {
      method: route.method,
      headers: {
        authorization: `Bearer ${await this.token(call.as ?? {})}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as Answer<never>['body'] };
  }

  token(more: Partial<InternalClaims>): Promise<string> {
    const claims = {
      sub: this.administrator,
      knd: 'user',
      tid: 'platform',
      htid: 'platform',
      env: 'production',
    } as const;
    return mintInternalToken(this.signer, { ...claims, perms: PERMISSIONS, rid: 'test', ...more });
  }

  /** Puts an event of another service into the log, twice: delivery is at least once. */
  async publishTwice<D extends EventDefinition>(definition: D, tenantId: string, data: EventData<D>): Promise<void> {
    const event = makeEvent(definition, { tenantId, data, source: definition.type.split('.')[0]! });
    const record = toRecord(event, definition);
    await this.log.append([record]);
    await this.log.append([record]);
    await this.settled(record.topic);
  }

  /** Waits until everything in the topic was handled. */
  async settled(topic: string): Promise<void> {
    await eventually(async () => {
      const lag = await this.log.lag('auth', [topic]);
      if (lag.some(({ committedOffset, endOffset }) => committedOffset < endOffset)) throw new Error('not handled yet');
    });
  }

  /** The newest event of the type whose data has these members; waits for it. */
  event(type: string, members: Readonly<Record<string, unknown>> = {}): Promise<CloudEvent<Record<string, unknown>>> {
    return eventually(() => {
      const found = this.events.findLast((event) => {
        const data = event.data as Record<string, unknown>;
        return event.type === type && Object.entries(members).every(([name, value]) => data[name] === value);
      });
      if (found === undefined) throw new Error(`no ${type} with ${JSON.stringify(members)}`);
      return found as CloudEvent<Record<string, unknown>>;
    });
  }

  async bootstrapKey(): Promise<string> {
    return (await readFile(this.bootstrapKeyFile, 'utf8')).trim();
  }

  async close(): Promise<void> {
    for (const close of this.closers) await close();
  }
}
