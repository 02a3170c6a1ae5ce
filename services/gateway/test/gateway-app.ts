import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import {
  httpContracts,
  keyChangedV1,
  permissionsOf,
  placementChangedV1,
  poolChangedV1,
  principalChangedV1,
  signingKeysChangedV1,
  tenantChangedV1,
  topics,
  type EventData,
  type EventDefinition,
  type Role,
} from '@myriad/contracts';
import {
  INTERNAL_AUDIENCE,
  InternalTokenVerifier,
  generateInternalKeys,
  internalSigner,
  staticKeys,
  type Caller,
  type InternalSigner,
  type KeySource,
} from '@myriad/http';
import { MemoryBroker, MemoryEventLog, makeEvent, parseEvent, toRecord } from '@myriad/messaging';
import { createLogger } from '@myriad/telemetry';
import { eventually } from '@myriad/testing';
import { NestFactory } from '@nestjs/core';
import { SignJWT, exportJWK, generateKeyPair, type CryptoKey } from 'jose';
import { Http1Upstreams } from '../src/adapters/http1/http1-upstreams.js';
import { AppModule, type GatewayParts } from '../src/app.module.js';
import { IdentityTables } from '../src/application/identity-tables.js';
import { RequestAudit } from '../src/application/request-audit.js';
import { ShareLimits } from '../src/application/share-limits.js';
import type { RequestAudited } from '../src/application/ports.js';
import { GrpcDoor } from '../src/grpc/grpc-door.js';
import { ReplicaChannels } from '../src/grpc/replica-channels.js';
import { Door } from '../src/http/door.js';
import { GatewayTails } from '../src/messaging/gateway-tails.js';
import { LogRateGossip } from '../src/messaging/log-rate-gossip.js';
import { fakeService, type FakeService } from './fake-service.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: { readonly code?: string; readonly detail?: string; readonly [member: string]: unknown };
}

type BindingSpec = readonly [role: Role, tenantId: string, environment?: string];

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const base32 = (length: number): string => [...randomBytes(length)].map((byte) => ALPHABET.charAt(byte & 31)).join('');

/** The whole gateway on real sockets, with one fake service for all and a log in memory that the test writes as auth and deployer would. */
export class GatewayApp {
  url = '';
  grpcPort = 0;
  private constructor(
    private readonly broker: MemoryBroker,
    readonly service: FakeService,
    private readonly internalKeys: KeySource,
    private readonly userKey: CryptoKey,
  ) {}
  /** This gateway's own way to the log that all on the broker share. */
  readonly log = new MemoryEventLog(this.broker);
  tables!: IdentityTables;
  private parts!: { readonly signer: InternalSigner; readonly settings: Partial<GatewayParts['settings']> };
  private closers: (() => Promise<unknown>)[] = [];
  readonly audited: RequestAudited[] = [];

  static async start(
    settings: Partial<GatewayParts['settings']> = {},
    services: Readonly<Record<string, string>> = {},
  ): Promise<GatewayApp> {
    const broker = new MemoryBroker();
    const service = await fakeService();
    const { privateJwk, publicJwks } = await generateInternalKeys('test');
    const pair = await generateKeyPair('ES256');
    const gateway = new GatewayApp(broker, service, staticKeys(publicJwks), pair.privateKey);
    await gateway.log.ensureTopics(topics);
    await gateway.publish(signingKeysChangedV1, 'platform', {
      keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'user-key', alg: 'ES256' }],
    });
    await gateway.tenant('platform');
    const names = httpContracts.map((contract) => contract.service);
    const serviceUrls = { ...Object.fromEntries(names.map((name) => [name, service.url])), ...services };
    await gateway.open(await internalSigner(privateJwk), { serviceUrls, ...settings });
    return gateway;
  }

  /** Another replica: the same log, the same services. */
  async another(): Promise<GatewayApp> {
    const gateway = new GatewayApp(this.broker, await fakeService(), this.internalKeys, this.userKey);
    await gateway.open(this.parts.signer, this.parts.settings);
    return gateway;
  }

  private async open(signer: InternalSigner, more: Partial<GatewayParts['settings']>): Promise<void> {
    this.parts = { signer, settings: more };
    const logger = createLogger({ service: 'gateway', level: 'fatal' });
    const settings: GatewayParts['settings'] = {
      serviceUrls: {},
      openapiFolder: `${import.meta.dirname}/../../../contracts/printed`,
      bodyTimeoutMs: 300,
      predictionTimeoutMs: 1_500, // long enough for a replica of these tests on a machine that is busy
      answerTimeoutMs: 1_500,
      trustedProxies: [],
      unreachableWaitMs: 300,
      tenantInFlight: 1_000,
      ...more,
    };
    const metricsText = () => Promise.resolve('# metrics\n');
    const module = AppModule.with({ log: this.log, logger, signer: () => signer, settings, metricsText });
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and documents literals
    const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    const [door, tails, audit] = [app.get(Door), app.get(GatewayTails), app.get(RequestAudit)];
    this.tables = app.get(IdentityTables);
    const onRecord = (record: Parameters<typeof parseEvent>[0]): void => {
      this.audited.push(parseEvent(record).data as RequestAudited);
    };
    await this.log.tail({ topics: ['myriad.gateway.request.v1'], onRecord });
    const [limits, gossip] = [app.get(ShareLimits), app.get(LogRateGossip)];
    await gossip.listen((word) => {
      limits.hear(word);
    });
    limits.start();
    audit.start();
    await tails.start();
    await tails.caughtUpOnce();
    this.url = await door.listen(0, '127.0.0.1');
    const grpc = app.get(GrpcDoor);
    this.grpcPort = await grpc.listen(0, '127.0.0.1');
    this.closers = [
      () => door.close({ drainMs: 100 }),
      () => grpc.close({ drainMs: 100 }),
      () => audit.close(),
      () => limits.close(),
      () => gossip.close(),
      () => app.get(Http1Upstreams).close(),
      () => {
        app.get(ReplicaChannels).close();
        return Promise.resolve();
      },
      () => tails.close(),
      () => app.close(),
      () => this.log.close(),
      () => this.service.close(),
    ];
  }

  async publish<D extends EventDefinition>(definition: D, tenantId: string, data: EventData<D>): Promise<void> {
    const event = makeEvent(definition, { tenantId, data, source: 'test' });
    await this.log.append([toRecord(event, definition)]);
  }

  /** A tenant of this test. */
  async tenant(tenantId: string, more: Partial<EventData<typeof tenantChangedV1>> = {}): Promise<void> {
    const data = { ...tenantChangedV1.example, tenantId, rateLimit: { requestsPerSecond: 1000, burst: 1000 }, ...more };
    await this.publish(tenantChangedV1, tenantId, data);
  }

  /** A principal and a key of it; both are known to the gateway when this returns. */
  async principal(
    homeTenantId: string,
    bindings: readonly BindingSpec[],
    key: Partial<EventData<typeof keyChangedV1>> = {},
  ): Promise<{ readonly principalId: string; readonly keyId: string; readonly key: string }> {
    const principalId = `svc_${base32(10)}`;
    await this.publish(principalChangedV1, homeTenantId, {
      principalId,
      kind: 'service-account',
      name: 'app',
      homeTenantId,
      status: 'active',
      bindings: bindings.map(([role, tenantId, environment]) => ({
        role,
        tenantId,
        environment: (environment ?? '*') as '*',
        permissions: [...permissionsOf(role)],
      })),
      generation: 1,
    });
    return { principalId, ...(await this.key(homeTenantId, principalId, key)) };
  }

  async key(
    tenantId: string,
    principalId: string,
    more: Partial<EventData<typeof keyChangedV1>> = {},
  ): Promise<{ readonly keyId: string; readonly key: string }> {
    const { prefix, key, keyId } = this.newKey();
    await this.publishKey(tenantId, principalId, key, { keyId, ...more });
    await eventually(() => {
      if (!this.tables.keys.has(prefix) || !this.tables.principals.has(principalId)) throw new Error('not known yet');
    });
    return { keyId, key };
  }

  newKey(): { readonly prefix: string; readonly key: string; readonly keyId: string } {
    const prefix = base32(8);
    return { prefix, key: `myr_${prefix}_${base32(40)}`, keyId: `key_${prefix}` };
  }

  /** Says how a key is, as auth would. */
  async publishKey(
    tenantId: string,
    principalId: string,
    key: string,
    more: Partial<EventData<typeof keyChangedV1>> & { readonly keyId: string },
  ): Promise<void> {
    const prefix = key.split('_')[1]!;
    const hash = createHash('sha256').update(key).digest('hex');
    const data = { prefix, hash, principalId, tenantId, scopes: [], expiresAt: null, revokedAt: null, ...more };
    await this.publish(keyChangedV1, tenantId, data);
  }

  userToken(
    principalId: string,
    scopes: readonly string[],
    more: { exp?: number; kid?: string; cid?: string } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ scp: scopes, htid: 'aa', cid: more.cid })
      .setProtectedHeader({ alg: 'ES256', kid: more.kid ?? 'user-key' })
      .setSubject(principalId)
      .setIssuer('myriad')
      .setAudience('myriad')
      .setIssuedAt(now - 100)
      .setExpirationTime(more.exp ?? now + 100)
      .sign(this.userKey);
  }

  /** Replicas at these base URLs; each speaks gRPC at the port of its URL. */
  async pool(pool: string, urls: readonly string[], environment = 'production' as const): Promise<void> {
    const endpoints = urls.map((url, i) => ({ replicaId: `r${i}`, url, grpcPort: Number(new URL(url).port) || 80 }));
    await this.publish(poolChangedV1, 'platform', { ...poolChangedV1.example, pool, environment, endpoints });
  }

  async placement(tenantId: string, modelName: string, pool: string, more: object = {}): Promise<void> {
    const data = { ...placementChangedV1.example, tenantId, modelName, pool, ...more };
    await this.publish(placementChangedV1, tenantId, data);
  }

  /** Sends the path as it is: nothing is normalized on the way. */
  send(
    method: string,
    path: string,
    { key, headers = {}, body }: { key?: string; headers?: OutgoingHttpHeaders; body?: string | Buffer } = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const auth = key === undefined ? {} : { authorization: `Bearer ${key}` };
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const sent = httpRequest(this.url, { method, path, headers: { ...auth, ...length, ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = response.headers['content-type']?.includes('json') === true;
          const parsed = (isJson ? JSON.parse(text) : {}) as Answer['body'];
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Who the service was told the last request came from. */
  lastCaller(audience = INTERNAL_AUDIENCE): Promise<Caller> {
    const token = this.service.seen.at(-1)?.headers.authorization?.replace('Bearer ', '') ?? '';
    return new InternalTokenVerifier({ keys: this.internalKeys, audience }).verify(token);
  }

  async close(): Promise<void> {
    for (const close of this.closers) await close();
  }
}
