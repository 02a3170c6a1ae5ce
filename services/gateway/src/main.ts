import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { ConfigError, runMain, secretReader, stopOnSignal } from '@myriad/config';
import { internalSigner, openTls } from '@myriad/http';
import { systemClock } from '@myriad/kernel';
import { ensureContractTopics, openEventLog } from '@myriad/messaging';
import { openObjectStore } from '@myriad/storage';
import { createLogger, startTelemetry, type Logger } from '@myriad/telemetry';
import { NestFactory } from '@nestjs/core';
import { RotatingSigner } from './adapters/jose/rotating-signer.js';
import { Http1Upstreams } from './adapters/http1/http1-upstreams.js';
import { AppModule } from './app.module.js';
import { ReplicaAddresses } from './application/replica-addresses.js';
import { RequestAudit } from './application/request-audit.js';
import { ServiceWatch } from './application/service-watch.js';
import { ShareLimits } from './application/share-limits.js';
import { gatewayConfig, serviceUrls, type GatewayConfig } from './config.js';
import { GrpcDoor } from './grpc/grpc-door.js';
import { ReplicaChannels } from './grpc/replica-channels.js';
import { Door } from './http/door.js';
import { GatewayTails } from './messaging/gateway-tails.js';
import { LogRateGossip } from './messaging/log-rate-gossip.js';

const SERVICE = 'gateway';

// as realtime does: of a request all but a few objects die at once, and what V8 puts into the old space for good measure keeps the rest alive
setFlagsFromString('--no-allocation-site-pretenuring');

await runMain(async () => {
  const config = gatewayConfig();
  const settings = settingsOf(config);
  const logger = createLogger({ service: SERVICE, level: config.LOG_LEVEL });
  const signer = await signerOf(config, logger);
  const tls = openTls(config, logger)?.files;
  const telemetry = await startTelemetry({
    service: SERVICE,
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    sampler: config.OTEL_TRACES_SAMPLER,
    sampleRatio: config.OTEL_TRACES_SAMPLER_ARG,
  });
  const log = await openEventLog(config, { clientId: SERVICE, logger });
  await ensureContractTopics(log);
  const metricsText = () => telemetry.metricsText();
  const snapshots = config.SNAPSHOTS ? await openObjectStore({ ...config, S3_CREATE_BUCKET: false }) : undefined;
  const parts = { log, snapshots, logger, signer: () => signer.current, tls, settings, metricsText };
  const module = AppModule.with(parts);
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and documents literals
  const app = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
  const [door, tails, audit] = [app.get(Door), app.get(GatewayTails), app.get(RequestAudit)];
  const [limits, gossip, watch] = [app.get(ShareLimits), app.get(LogRateGossip), app.get(ServiceWatch)];
  const [addresses, grpc] = [app.get(ReplicaAddresses), app.get(GrpcDoor)];
  const closeFiles = (): Promise<void> => {
    signer.close();
    tls?.close();
    return Promise.resolve();
  };
  stopOnSignal([
    () => Promise.all([door.close({ quietMs: config.DRAIN_QUIET_MS }), grpc.close()]),
    // side by side: each may wait for a log that is away
    () => Promise.all([audit.close(), tails.close(), limits.close().then(() => gossip.close())]),
    () => {
      watch.close();
      addresses.close();
      return Promise.resolve();
    },
    () => {
      app.get(ReplicaChannels).close();
      return app.get(Http1Upstreams).close();
    },
    () => closeFiles(),
    () => app.close(),
    () => log.close(),
    () => telemetry.shutdown(),
  ]);
  audit.start();
  signer.start();
  await gossip.listen((word) => {
    limits.hear(word);
  });
  limits.start();
  const url = await door.listen(config.PORT, config.HOST);
  const grpcPort = config.GRPC_PORT === undefined ? undefined : await grpc.listen(config.GRPC_PORT, config.HOST);
  logger.info({ url, grpcPort }, 'listening');
  await tails.start();
  await tails.caughtUpOnce();
  addresses.start();
  watch.start();
  logger.info({}, 'ready');
});

function settingsOf(config: GatewayConfig) {
  return {
    serviceUrls: serviceUrls(config),
    openapiFolder: config.OPENAPI_FOLDER,
    bodyTimeoutMs: config.BODY_TIMEOUT_MS,
    predictionTimeoutMs: config.PREDICTION_TIMEOUT_MS,
    answerTimeoutMs: config.ANSWER_TIMEOUT_MS,
    trustedProxies: config.TRUSTED_PROXIES,
    unreachableWaitMs: config.UNREACHABLE_WAIT_MS,
    tenantInFlight: config.TENANT_IN_FLIGHT,
  };
}

/** @throws {ConfigError} when it is no Ed25519 private key; never with any of it */
async function signerOf(config: GatewayConfig, logger: Logger): Promise<RotatingSigner> {
  try {
    const first = await internalSigner(JSON.parse(config.INTERNAL_SIGNING_KEY) as Parameters<typeof internalSigner>[0]);
    return new RotatingSigner({
      first,
      read: secretReader(config, 'INTERNAL_SIGNING_KEY'),
      jwksFile: config.INTERNAL_JWKS_FILE,
      delayMs: config.INTERNAL_KEY_DELAY_MS,
      clock: systemClock,
      logger,
    });
  } catch {
    throw new ConfigError([{ variable: 'INTERNAL_SIGNING_KEY', message: 'is no Ed25519 private JWK with a kid' }]);
  }
}
