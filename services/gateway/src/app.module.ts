import { lookup } from 'node:dns/promises';
import { httpContracts } from '@myriad/contracts';
import type { InternalSigner, TlsFiles } from '@myriad/http';
import { newId, systemClock, type Clock } from '@myriad/kernel';
import type { EventLog, SnapshotStore } from '@myriad/messaging';
import type { Logger } from '@myriad/telemetry';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { Ed25519Minter } from './adapters/jose/ed25519-minter.js';
import { Es256TokenVerifier } from './adapters/jose/es256-token-verifier.js';
import { Http1Upstreams } from './adapters/http1/http1-upstreams.js';
import { AddressLimiter } from './application/address-limiter.js';
import { Arrivals } from './application/arrivals.js';
import { ConcurrencyLimiter, DEFAULT_IN_FLIGHT } from './application/concurrency-limiter.js';
import { Authenticate } from './application/authenticate.js';
import { IdentityTables } from './application/identity-tables.js';
import { InFlight } from './application/in-flight.js';
import { InternalTokens } from './application/internal-tokens.js';
import { OpenSession } from './application/open-session.js';
import { Outages } from './application/outages.js';
import { PlacementTable } from './application/placement-table.js';
import { CLOCK, InternalTokenMinter, UserTokenVerifier } from './application/ports.js';
import { probeReady } from './application/probe-ready.js';
import { RateLimiter } from './application/rate-limiter.js';
import { ReplicaAddresses } from './application/replica-addresses.js';
import { RequestAudit } from './application/request-audit.js';
import { ServiceWatch } from './application/service-watch.js';
import { ShareLimits } from './application/share-limits.js';
import { Admit } from './entrance/admit.js';
import { ClientAddress } from './http/client-address.js';
import { ForwardCalls } from './grpc/forward-calls.js';
import { GrpcDoor } from './grpc/grpc-door.js';
import { ReplicaCalls } from './grpc/replica-calls.js';
import { ReplicaChannels } from './grpc/replica-channels.js';
import { Door } from './http/door.js';
import { Forward } from './http/forward.js';
import { Gather } from './http/gather.js';
import { answerOperations } from './http/own-operations.js';
import { OwnRoutes } from './http/own-routes.js';
import { RecordRequest } from './entrance/record-request.js';
import { routeTargets } from './entrance/route-targets.js';
import { ServiceOrigins } from './http/service-origins.js';
import { GatewayTails } from './messaging/gateway-tails.js';
import { LogAuditSink } from './messaging/log-audit-sink.js';
import { LogRateGossip } from './messaging/log-rate-gossip.js';

/** What is made outside of the module: by `main.ts`, or by a test. */
export interface GatewayParts {
  readonly log: EventLog;
  /** Where snapshots of its topics are, if they are to be begun with. */
  readonly snapshots?: SnapshotStore | undefined;
  readonly logger: Logger;
  /** What signs internal tokens now. */
  readonly signer: () => InternalSigner;
  /** For mutual TLS with services. */
  readonly tls?: TlsFiles | undefined;
  readonly settings: {
    /** Origins by service. */
    readonly serviceUrls: Readonly<Record<string, string>>;
    readonly openapiFolder: string;
    readonly bodyTimeoutMs: number;
    readonly predictionTimeoutMs: number;
    readonly answerTimeoutMs: number;
    /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
    readonly trustedProxies: readonly string[];
    /** A service that has been away for less is waited for, milliseconds. */
    readonly unreachableWaitMs: number;
    /** Requests of a tenant that may be answered at a time, where its own limit says nothing of it. */
    readonly tenantInFlight: number;
  };
  readonly metricsText: () => Promise<string>;
  readonly clock?: Clock;
}

const useCases = [
  AddressLimiter,
  Admit,
  Arrivals,
  Authenticate,
  ConcurrencyLimiter,
  IdentityTables,
  InFlight,
  InternalTokens,
  OpenSession,
  Outages,
  PlacementTable,
  RateLimiter,
];

function adapters({ log, snapshots, logger, signer, settings, tls, clock = systemClock }: GatewayParts): Provider[] {
  return [
    { provide: CLOCK, useValue: clock },
    { provide: DEFAULT_IN_FLIGHT, useValue: settings.tenantInFlight },
    { provide: UserTokenVerifier, useValue: new Es256TokenVerifier(clock) },
    { provide: InternalTokenMinter, useValue: new Ed25519Minter(signer, clock) },
    {
      provide: Http1Upstreams,
      inject: [Outages, InFlight],
      useFactory: (outages: Outages, inFlight: InFlight) =>
        new Http1Upstreams(outages, inFlight, settings.unreachableWaitMs, tls),
    },
    { provide: RequestAudit, useValue: new RequestAudit({ sink: new LogAuditSink(log), clock, logger }) },
    {
      provide: RecordRequest,
      inject: [RequestAudit],
      useFactory: (audit: RequestAudit) => new RecordRequest({ audit, logger }),
    },
    { provide: LogRateGossip, useValue: new LogRateGossip(log, logger) },
    {
      provide: ShareLimits,
      inject: [RateLimiter, ConcurrencyLimiter, LogRateGossip],
      useFactory: (limiter: RateLimiter, concurrency: ConcurrencyLimiter, gossip: LogRateGossip) =>
        new ShareLimits({ limiter, concurrency, gossip, clock, logger, replicaId: newId('gtw') }),
    },
    {
      provide: GatewayTails,
      inject: [IdentityTables, PlacementTable, UserTokenVerifier],
      useFactory: (identities: IdentityTables, placements: PlacementTable, userTokens: UserTokenVerifier) =>
        new GatewayTails({ log, snapshots, identities, placements, userTokens, logger }),
    },
  ];
}

const addressesOf = async (hostname: string): Promise<readonly string[]> =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

function door({ logger, settings, metricsText, clock = systemClock }: GatewayParts): Provider[] {
  return [
    {
      provide: ServiceWatch,
      inject: [PlacementTable, Http1Upstreams],
      useFactory: (placements: PlacementTable, upstreams: Http1Upstreams) =>
        new ServiceWatch({ services: settings.serviceUrls, placements, probe: probeReady(upstreams), clock }),
    },
    {
      provide: ReplicaAddresses,
      inject: [PlacementTable],
      useFactory: (placements: PlacementTable) => new ReplicaAddresses(placements, addressesOf),
    },
    {
      provide: Forward,
      inject: [PlacementTable, InternalTokens, Http1Upstreams],
      useFactory: (placements: PlacementTable, tokens: InternalTokens, upstreams: Http1Upstreams) =>
        new Forward({
          ...settings,
          origins: new ServiceOrigins(settings.serviceUrls, placements),
          tokens,
          upstreams,
          gather: new Gather(placements, upstreams),
        }),
    },
    {
      provide: Door,
      inject: [Admit, Forward, GatewayTails, RecordRequest, ServiceWatch],
      useFactory: (
        ...[admit, forward, tails, record, watch]: [Admit, Forward, GatewayTails, RecordRequest, ServiceWatch]
      ) => {
        const door: Door = new Door({
          routes: routeTargets(),
          ownRoutes: new OwnRoutes({
            contracts: httpContracts,
            openapiFolder: settings.openapiFolder,
            isReady: () => tails.isCaughtUp && !door.isClosing,
            metricsText,
          }),
          isReady: () => tails.isCaughtUp,
          answerOwn: (exchange) => {
            answerOperations(exchange, watch);
          },
          admit,
          clientAddress: new ClientAddress(settings.trustedProxies),
          forward,
          record,
          logger,
        });
        return door;
      },
    },
  ];
}

function grpcDoor({ logger, settings, tls }: GatewayParts): Provider[] {
  const { predictionTimeoutMs } = settings;
  return [
    { provide: ReplicaChannels, useValue: new ReplicaChannels(tls) },
    {
      provide: ReplicaCalls,
      inject: [PlacementTable, ReplicaChannels, Outages, InFlight],
      useFactory: (
        ...[placements, channels, outages, inFlight]: [PlacementTable, ReplicaChannels, Outages, InFlight]
      ) => new ReplicaCalls({ placements, channels, outages, inFlight }),
    },
    {
      provide: ForwardCalls,
      inject: [Admit, PlacementTable, InternalTokens, ReplicaCalls],
      useFactory: (...[admit, placements, tokens, calls]: [Admit, PlacementTable, InternalTokens, ReplicaCalls]) =>
        new ForwardCalls({ admit, placements, tokens, calls, predictionTimeoutMs }),
    },
    {
      provide: GrpcDoor,
      inject: [Admit, ForwardCalls, RecordRequest, GatewayTails],
      useFactory: (...[admit, forward, record, tails]: [Admit, ForwardCalls, RecordRequest, GatewayTails]) =>
        new GrpcDoor({ admit, forward, record, logger, isReady: () => tails.isCaughtUp }),
    },
  ];
}

@Module({})
export class AppModule {
  static with(parts: GatewayParts): DynamicModule {
    return { module: AppModule, providers: [...useCases, ...adapters(parts), ...door(parts), ...grpcDoor(parts)] };
  }
}
