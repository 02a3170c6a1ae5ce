import type { CloudEvent, EventData, EventDefinition, RouteDefinition } from '@myriad/contracts';
import { newId } from '@myriad/kernel';
import type { InternalClaims, TokenVerifier } from '@myriad/http';
import type { MemoryEventLog } from '@myriad/messaging';
import type { Database, DatabaseOptions, UnitOfWork } from '@myriad/persistence';
import type { FileObjectStore } from '@myriad/storage';
import type { Logger } from '@myriad/telemetry';
import type { DynamicModule, InjectionToken, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { z } from 'zod';
import { eventually } from './eventually.js';
import type { RunningService } from './harness-parts.js';
import { ServiceAnswer } from './service-answer.js';

/** What a service's module is made of in a test. */
export interface HarnessParts<D extends Database | undefined = Database> {
  readonly service: string;
  readonly database: D;
  readonly log: MemoryEventLog;
  /** Every event that came into the log, in order of arrival. */
  readonly events: CloudEvent[];
  /** A file store; its presigned URLs work. */
  readonly objects: FileObjectStore;
  /** Scratch space, removed at the end. */
  readonly folder: string;
  readonly logger: Logger;
}

export interface HarnessOptions<D extends Database | undefined = Database> {
  /** Also the consumer group and the name of the database. */
  readonly service: string;
  /** `open<Service>Database`; absent for a service without one. */
  readonly openDatabase?: (options: Omit<DatabaseOptions, 'entities' | 'migrations'>) => Promise<D>;
  /** The service's module: `(parts) => AppModule.with(parts)`. */
  readonly module: (parts: HarnessParts<D>) => Type | DynamicModule;
  /** Fakes in place of the module's own providers. */
  readonly overrides?: readonly { readonly provide: InjectionToken; readonly useValue: unknown }[];
  /** What `main.ts` does between making the application and listening. */
  readonly beforeListen?: (app: NestFastifyApplication) => Promise<unknown>;
}

/** Who asks, and for what. */
export interface RequestOptions<R extends RouteDefinition> {
  /** The acting tenant. */
  readonly tenant: string;
  /** Default: the one that the route asks for. */
  readonly permissions?: readonly string[];
  /** Default: a new user of the acting tenant. */
  readonly principalId?: string;
  readonly kind?: InternalClaims['knd'];
  /** Default: the acting tenant. */
  readonly homeTenant?: string;
  /** Default `production`. */
  readonly environment?: InternalClaims['env'];
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: R extends RouteDefinition<z.ZodType, z.ZodType, infer B> ? z.input<B> : never;
  /** A body that the contract does not allow, or one that is streamed: bytes and texts are sent as they are, all else as JSON. */
  readonly anyBody?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * A service under test: its module on a real PostgreSQL and a real socket, with a log in memory, a file store in a temporary folder, and a
 * minter of the gateway's tokens. Answers are checked against their contract.
 */
export class ServiceHarness<D extends Database | undefined = Database> {
  private constructor(
    private readonly service: RunningService<D>,
    /** `undefined` for a service without a database. */
    readonly uow: D extends Database ? UnitOfWork : undefined,
    private readonly mint: (claims: InternalClaims) => Promise<string>,
  ) {}

  /** Starts the service as its `main.ts` would. Loads Nest and the adapters only now: tests that need less stay quick. */
  static async start<D extends Database | undefined = undefined>(
    options: HarnessOptions<D>,
  ): Promise<ServiceHarness<D>> {
    const { startService } = await import('./harness-parts.js');
    const { mintInternalToken } = await import('@myriad/http');
    const { UnitOfWork } = await import('@myriad/persistence');
    const service = await startService(options);
    const { database } = service.parts;
    const uow = database === undefined ? undefined : new UnitOfWork(database);
    return new ServiceHarness(service, uow as never, (claims) => mintInternalToken(service.signer, claims));
  }

  get app(): NestFastifyApplication {
    return this.service.app;
  }

  /** Where it listens. */
  get url(): string {
    return this.service.url;
  }

  /** Takes the tokens that {@link token} gives, for doors beside the HTTP port. */
  get verifier(): TokenVerifier {
    return this.service.verifier;
  }

  get parts(): HarnessParts<D> {
    return this.service.parts;
  }

  /** A provider of the module. */
  get<T>(token: Type<T> | string | symbol): T {
    return this.app.get<T>(token, { strict: false });
  }

  /** A token as the gateway mints it. */
  token(tenant: string, more: Partial<InternalClaims> = {}): Promise<string> {
    const [sub, rid] = [newId('usr'), newId('req')];
    return this.mint({ sub, knd: 'user', tid: tenant, htid: tenant, perms: [], env: 'production', rid, ...more });
  }

  /** Calls an operation as the gateway would. */
  async request<R extends RouteDefinition>(route: R, options: RequestOptions<R>): Promise<ServiceAnswer<R>> {
    const response = await this.fetch(route, options);
    return new ServiceAnswer(route, response.status, response.headers, await response.text());
  }

  /** {@link request} with the answer unread, for streams. End a stream that does not end itself with `response.body.cancel()`. */
  async fetch<R extends RouteDefinition>(route: R, options: RequestOptions<R>): Promise<Response> {
    const { tenant, permissions = [route.permission], params = {}, query = {} } = options;
    const token = await this.token(tenant, {
      perms: permissions,
      ...(options.principalId === undefined ? {} : { sub: options.principalId }),
      ...(options.kind === undefined ? {} : { knd: options.kind }),
      ...(options.homeTenant === undefined ? {} : { htid: options.homeTenant }),
      ...(options.environment === undefined ? {} : { env: options.environment }),
    });
    const path = route.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name] ?? '')));
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    ).toString();
    const { type, body } = bodyOf(options.anyBody ?? options.body);
    return fetch(`${this.url}${path}${search === '' ? '' : `?${search}`}`, {
      method: route.method,
      headers: { authorization: `Bearer ${token}`, ...type, ...options.headers },
      ...(body === undefined ? {} : { body }),
    });
  }

  /** Puts an event into the log twice, as at-least-once delivery may, and waits until this service has handled both. */
  async publish<S extends z.ZodType>(
    definition: EventDefinition<S>,
    tenantId: string,
    data: EventData<EventDefinition<S>>,
  ): Promise<CloudEvent> {
    const { makeEvent, toRecord } = await import('@myriad/messaging');
    const source = definition.type.slice(0, definition.type.indexOf('.'));
    const event = makeEvent(definition, { tenantId, data: data as z.input<S>, source });
    const record = toRecord(event, definition);
    await this.parts.log.append([record]);
    await this.parts.log.append([record]);
    await this.handled(record.topic);
    return event;
  }

  /** Waits until this service has handled everything in a topic that it subscribes to. */
  async handled(topic: string): Promise<void> {
    await eventually(async () => {
      const lag = await this.parts.log.lag(this.parts.service, [topic]);
      if (lag.some(({ committedOffset, endOffset }) => committedOffset < endOffset))
        throw new Error(`${topic} has events that are not handled yet`);
    });
  }

  /** The newest event of this kind whose data has these members; waits for it. */
  async event<D2 extends EventDefinition>(
    definition: D2,
    members: Partial<EventData<D2>> = {},
  ): Promise<CloudEvent<EventData<D2>>> {
    return eventually(() => {
      const found = this.eventsOf(definition).findLast(({ data }) =>
        Object.entries(members).every(([name, value]) => (data as Record<string, unknown>)[name] === value),
      );
      if (found === undefined) throw new Error(`no ${definition.type} with ${JSON.stringify(members)}`);
      return found;
    });
  }

  /** All events of this kind that are in the log now. Call {@link flush} before to be sure of what was committed. */
  eventsOf<D2 extends EventDefinition>(definition: D2): readonly CloudEvent<EventData<D2>>[] {
    return this.parts.events.filter((event) => event.type === definition.type) as CloudEvent<EventData<D2>>[];
  }

  /** Waits until every event that was committed is in the log. */
  async flush(): Promise<void> {
    await this.service.relay?.flush();
  }

  /** Stops the service and removes its database and folder. */
  close(): Promise<void> {
    return this.service.close();
  }
}

function bodyOf(value: unknown): {
  readonly type: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
} {
  if (value === undefined) return { type: {} };
  if (typeof value === 'string') return { type: {}, body: value };
  if (value instanceof Uint8Array) return { type: {}, body: new Uint8Array(value) };
  return { type: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
