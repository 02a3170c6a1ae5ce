import { isDeepStrictEqual } from 'node:util';
import { realtimeProblem } from './realtime-problem.js';

/** In the words of Triton's trace extension: no trace files. Traces go to OpenTelemetry, as the process is told. */
export const TRACE_SETTINGS = {
  trace_level: ['OFF'],
  trace_rate: '0',
  trace_count: '-1',
  log_frequency: '0',
  trace_file: '',
  trace_mode: 'opentelemetry',
} as const;

/** In the words of Triton's logging extension: to standard output, as the process is told. */
export const LOG_SETTINGS = {
  log_file: '',
  log_info: true,
  log_warning: true,
  log_error: true,
  log_verbose_level: 0,
  log_format: 'default',
} as const;

/** The settings are of the process, which many tenants share; null leaves one as it is. @throws {ProblemError} `realtime.unsupported`. */
export function refuseChange(
  wanted: Readonly<Record<string, unknown>>,
  settings: Readonly<Record<string, unknown>>,
): void {
  const changed = Object.entries(wanted).find(
    ([name, value]) => value !== null && !isDeepStrictEqual(value, settings[name]),
  );
  if (changed !== undefined)
    throw realtimeProblem(
      'unsupported',
      'unsupported',
      `'${changed[0].slice(0, 100)}' is a setting of the process, which many tenants share; it can't be changed here`,
    );
}
