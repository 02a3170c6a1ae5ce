import type { TraceSampler } from '@myriad/config';
import { metrics, trace } from '@opentelemetry/api';
import type { MeterProvider } from '@opentelemetry/sdk-metrics';
import { ensureContextManager } from './context-manager.js';
import { bindMeter, gauge } from './metrics.js';
import { observeProcess } from './process-metrics.js';
import { platformVersion, processInstance } from './process-report.js';
import { samplerOf } from './sampler.js';
import { recordSpans } from './start-span.js';

export interface TelemetryOptions {
  readonly service: string;
  /** OTLP/HTTP collector, e.g. `http://127.0.0.1:4318`; without it no spans are made and the exporter is not even loaded. */
  readonly otlpEndpoint?: string | undefined;
  /** Which traces are recorded. Default: of those that begin with a prediction one in a hundred, all others; a caller that has decided is followed. */
  readonly sampler?: TraceSampler | undefined;
  /** Share of traces that a sampler by ratio records, 0–1. Default 1. */
  readonly sampleRatio?: number | undefined;
}

/** The running telemetry of this process. */
export interface Telemetry {
  /** All metrics in the Prometheus text format, version 0.0.4. */
  metricsText(): Promise<string>;
  /** Sends what is left and ends it. */
  shutdown(): Promise<void>;
}

/** Starts metrics and, when a collector is given, traces of this process. Once a process; a later start takes over. */
export async function startTelemetry({ otlpEndpoint, ...options }: TelemetryOptions): Promise<Telemetry> {
  ensureContextManager();
  const metering = await startMetrics(options.service);
  const stopTraces =
    otlpEndpoint === undefined ? undefined : await startTraces({ ...options, otlpEndpoint }, metering.provider);
  return {
    metricsText: metering.text,
    shutdown: async () => {
      await stopTraces?.();
      await metering.stop();
    },
  };
}

/** Ended spans kept while the collector is slow or away; more are dropped and counted, nothing waits for it. */
const MAX_QUEUED_SPANS = 4_096;
/** Pause between two sendings, milliseconds. */
const EXPORT_EVERY_MS = 1_000;
/** A collector that does not answer gets no longer than this, milliseconds. */
const EXPORT_TIMEOUT_MS = 5_000;
/** At the end what is left is sent for so long, milliseconds; then the process goes. */
const FLUSH_TIMEOUT_MS = 3_000;

const buildInfo = gauge('myriad_build_info', 'The version that runs; always 1');

interface Metering {
  readonly provider: MeterProvider;
  readonly text: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

async function startMetrics(service: string): Promise<Metering> {
  // One after the other: what they share must not be loaded by two at once (Jest's module linker fails on it).
  const { MeterProvider, MetricReader } = await import('@opentelemetry/sdk-metrics');
  const { PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus');
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  class ScrapedReader extends MetricReader {
    protected override onForceFlush(): Promise<void> {
      return Promise.resolve();
    }
    protected override onShutdown(): Promise<void> {
      return Promise.resolve();
    }
  }
  const reader = new ScrapedReader();
  const resource = resourceFromAttributes({ 'service.name': service });
  const provider = new MeterProvider({ resource, readers: [reader] });
  const serializer = new PrometheusSerializer('', false, undefined, false, true);
  metrics.disable();
  metrics.setGlobalMeterProvider(provider);
  bindMeter(provider.getMeter('myriad'));
  const endProcess = observeProcess();
  buildInfo.set(1, { version: platformVersion() });
  return {
    provider,
    text: async () => serializer.serialize((await reader.collect()).resourceMetrics),
    stop: async () => {
      endProcess();
      bindMeter(undefined);
      metrics.disable();
      await provider.shutdown();
    },
  };
}

async function startTraces(
  { service, otlpEndpoint, sampler, sampleRatio = 1 }: TelemetryOptions & { readonly otlpEndpoint: string },
  selfObsMeterProvider: MeterProvider,
): Promise<() => Promise<void>> {
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const url = `${otlpEndpoint.replace(/\/+$/, '')}/v1/traces`;
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS });
  const processor = new sdk.BatchSpanProcessor({
    exporter,
    maxQueueSize: MAX_QUEUED_SPANS,
    scheduledDelayMillis: EXPORT_EVERY_MS,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
    selfObsMeterProvider,
  });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.namespace': 'myriad',
      'service.version': platformVersion(),
      'service.instance.id': processInstance(),
    }),
    sampler: samplerOf(sdk, sampler, sampleRatio),
    spanProcessors: [processor],
  });
  trace.disable();
  trace.setGlobalTracerProvider(provider);
  recordSpans(true);
  return async () => {
    recordSpans(false);
    trace.disable();
    // a collector that is away costs spans, never a clean end; what was lost is in the metrics
    await within(FLUSH_TIMEOUT_MS, provider.shutdown()).catch(() => undefined);
  };
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
