import { runMain, stopOnSignal } from '@myriad/config';
import { createLogger, startTelemetry } from '@myriad/telemetry';
import { objectsConfig } from './config.js';
import { Door } from './http/door.js';
import { openSigningStore } from './signing-store.js';

const SERVICE = 'objects';

await runMain(async () => {
  const config = objectsConfig();
  const logger = createLogger({ service: SERVICE, level: config.LOG_LEVEL });
  const telemetry = await startTelemetry({
    service: SERVICE,
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    sampler: config.OTEL_TRACES_SAMPLER,
    sampleRatio: config.OTEL_TRACES_SAMPLER_ARG,
  });
  const door = new Door({ store: await openSigningStore(config), logger, telemetry });
  const port = await door.listen(config.PORT, config.HOST);
  logger.info({ port }, 'listening');
  stopOnSignal([() => door.close({ quietMs: config.DRAIN_QUIET_MS }), () => telemetry.shutdown()]);
});
