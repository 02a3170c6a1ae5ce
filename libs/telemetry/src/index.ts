export { createLogger, type Logger, type LoggerOptions } from './logger.js';
export {
  SECONDS_BOUNDS,
  counter,
  gauge,
  histogram,
  observedCounter,
  observedGauge,
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramOptions,
  type Labels,
  type ReadGauge,
} from './metrics.js';
export { redactMembers, redactText } from './redact.js';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './start-telemetry.js';
export { currentTraceparent, isTraceparent, newTraceparent, runWithTraceparent } from './traceparent.js';
export { withSpan, type SpanKindName } from './with-span.js';
