export { withLogFields, type LogFields } from './log-fields.js';
export { createLogger, traceFieldsOf, type Logger, type LoggerOptions } from './logger.js';
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
export { platformVersion, processInstance, processReport, type ProcessReport } from './process-report.js';
export { redactMembers, redactText } from './redact.js';
export { startSpan, type OpenSpan, type SpanKindName, type SpanOptions } from './start-span.js';
export { startTelemetry, type Telemetry, type TelemetryOptions } from './start-telemetry.js';
export { currentTraceparent, isSampled, isTraceparent, newTraceparent, runWithTraceparent } from './traceparent.js';
export { withSpan } from './with-span.js';
