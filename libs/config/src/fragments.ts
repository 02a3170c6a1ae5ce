import { z } from 'zod';

/** Where a service listens; spread into a service's config: `z.object({ ...httpConfig, … })`. */
export const httpConfig = {
  PORT: z.coerce.number().int().min(0).max(65_535).default(0).describe('TCP port, 0–65535; 0 takes a free one'),
  HOST: z.string().default('127.0.0.1').describe('address of the interface to listen on'),
  ADMIN_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('plain port for /healthz, /readyz and /metrics alone; needed with TLS, for kubelets have no certificate'),
  DRAIN_QUIET_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(6_000)
    .describe(
      'at the end a connection is closed with an answer, or when it was idle for so long, milliseconds, 0–60000; clients are told to use none that was idle for 5 s',
    ),
  TLS_CERT_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('PEM certificate of this process, for mutual TLS; read again when it changes; absent: no TLS'),
  TLS_KEY_FILE: z.string().min(1).optional().describe('PEM key of the certificate'),
  TLS_CA_FILE: z.string().min(1).optional().describe('PEM certificates of the authorities that peers must be of'),
  TLS_ALLOWED_CLIENTS: z
    .string()
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(z.array(z.string().min(1)))
    .optional()
    .describe('DNS or URI names, comma separated, of which a client certificate must have one; default gateway'),
} as const;

/** How a service verifies the internal tokens that the gateway mints. */
export const internalAuthConfig = {
  INTERNAL_JWKS_FILE: z
    .string()
    .min(1)
    .describe('file with the public keys, JSON {"keys":[…]}; read again when it changes'),
} as const;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
/** From the most to the least that is written. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** As OpenTelemetry names them; `parentbased_…` follows a caller that has decided. */
export const TRACE_SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type TraceSampler = (typeof TRACE_SAMPLERS)[number];

/** What a service says about itself. */
export const telemetryConfig = {
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('least level that is written'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('OTLP/HTTP collector, e.g. http://127.0.0.1:4318; absent: no traces are exported'),
  OTEL_TRACES_SAMPLER: z
    .enum(TRACE_SAMPLERS)
    .optional()
    .describe('which traces are recorded; absent: one prediction of a hundred and all else, callers are followed'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1).describe('share of traces of …traceidratio, 0–1'),
} as const;
