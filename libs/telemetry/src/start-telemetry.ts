import { metrics, trace } from '@opentelemetry/api';
import { ensureContextManager } from './context-manager.js';
import { bindMeter } from './metrics.js';
import { observeProcess } from './process-metrics.js';

export interface TelemetryOptions {
  readonly service: string;
  /** OTLP/HTTP collector, e.g. `http://127.0.0.1:4318`; without it no spans are made and the exporter is not even loaded. */
  readonly otlpEndpoint?: string | undefined;
  /** Share of new traces that are recorded, 0–1; a caller that sampled its trace is followed. Default 1. */
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
export async function startTelemetry({ service, otlpEndpoint, sampleRatio = 1 }: TelemetryOptions): Promise<Telemetry> {
  ensureContextManager();
  const metering = await startMetrics(service);
  const stopTraces = otlpEndpoint === undefined ? undefined : await startTraces(service, otlpEndpoint, sampleRatio);
  return {
    metricsText: metering.text,
    shutdown: async () => {
      await stopTraces?.();
      await metering.stop();
    },
  };
}

async function startMetrics(service: string): Promise<{ text: () => Promise<string>; stop: () => Promise<void> }> {
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
  return {
    text: async () => serializer.serialize((await reader.collect()).resourceMetrics),
    stop: async () => {
      endProcess();
      bindMeter(undefined);
      metrics.disable();
      await provider.shutdown();
    },
  };
}

async function startTraces(service: string, endpoint: string, ratio: number): Promise<() => Promise<void>> {
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter })],
  });
  trace.disable();
  trace.setGlobalTracerProvider(provider);
  return async () => {
    trace.disable();
    await provider.shutdown();
  };
}
