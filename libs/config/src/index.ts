export { LOG_LEVELS, httpConfig, internalAuthConfig, telemetryConfig, type LogLevel } from './fragments.js';
export { ConfigError, loadConfig, type ConfigFault, type Environment } from './load-config.js';
export { runMain, type MainProcess } from './run-main.js';
export { secretFile } from './secret-file.js';
export { stopOnSignal, type SignalledProcess } from './stop-on-signal.js';
