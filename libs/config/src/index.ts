export {
  LOG_LEVELS,
  TRACE_SAMPLERS,
  httpConfig,
  internalAuthConfig,
  telemetryConfig,
  type LogLevel,
  type TraceSampler,
} from './fragments.js';
export { ConfigError, type ConfigFault, type Environment } from './config-error.js';
export { jsonOf } from './json-of.js';
export { loadConfig, type LoadOptions } from './load-config.js';
export { runMain, type MainProcess } from './run-main.js';
export { isSecret, secret } from './secret.js';
export { secretReader, secretReference } from './secret-reader.js';
export { stopOnSignal, type SignalledProcess } from './stop-on-signal.js';
