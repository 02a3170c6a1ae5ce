import type { LogLevel } from '@myriad/config';
import {
  destination as openStream,
  pino,
  stdSerializers,
  stdTimeFunctions,
  type DestinationStream,
  type Logger as PinoLogger,
} from 'pino';
import { currentLogFields } from './log-fields.js';
import { redactLine, redactMembers } from './redact.js';
import { currentTraceparent } from './traceparent.js';

/** A structured logger: `logger.info({ tenantId }, 'sentence')`, one event a line. */
export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly service: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Default standard output. */
  readonly destination?: DestinationStream;
}

/**
 * A logger that writes JSON lines with `service`, `time` (RFC 3339), within a trace `trace_id` and `span_id` (OpenTelemetry's names), and within a
 * request or a handler whose it is (`withLogFields`).
 * Members named like secrets and texts formed like secrets (API keys, tokens, passwords in URLs) never reach the line.
 */
export function createLogger({ service, level = 'info', destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: object) => redactMembers(fields) as Record<string, unknown>,
    },
    serializers: { err: describeError },
    mixin: traceFields,
    hooks: { streamWrite: redactLine },
  };
  return pino(options, destination ?? buffered());
}

/** Standard output, written in blocks and at least twice a second; what is left is written when the process ends by itself. */
function buffered(): DestinationStream {
  return openStream({ dest: 1, sync: false, minLength: 4096, periodicFlush: 500 });
}

const NOT_SAID: ReadonlySet<string> = new Set(['parameters', 'driverError', 'raw']);

/** An error's statement parameters are a user's data; the driver's own error says the same again. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return redactMembers(error);
  const members = Object.entries(stdSerializers.err(error)).filter(([name]) => !NOT_SAID.has(name));
  return redactMembers(Object.fromEntries(members));
}

function traceFields(): object {
  return { ...traceFieldsOf(currentTraceparent()), ...currentLogFields() };
}

/** `trace_id` and `span_id` of a `traceparent`, for lines that are written outside of its context. */
export function traceFieldsOf(traceparent: string | undefined): { trace_id?: string; span_id?: string } {
  return traceparent === undefined ? {} : { trace_id: traceparent.slice(3, 35), span_id: traceparent.slice(36, 52) };
}
