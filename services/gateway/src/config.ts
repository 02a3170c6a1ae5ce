import { ConfigError, httpConfig, loadConfig, secret, telemetryConfig } from '@myriad/config';
import { httpContracts } from '@myriad/contracts';
import { eventLogConfig, snapshotConfig } from '@myriad/messaging';
import { objectStoreConfig } from '@myriad/storage';
import { z } from 'zod';

const url = z.url({ protocol: /^https?$/ });
const milliseconds = (fallback: number, what: string) =>
  z.coerce.number().int().min(10).max(3_600_000).default(fallback).describe(`${what}, milliseconds, 10–3,600,000`);

export const gatewayConfigSchema = z.object({
  ...httpConfig,
  ...telemetryConfig,
  ...eventLogConfig,
  ...objectStoreConfig,
  ...snapshotConfig,
  INTERNAL_SIGNING_KEY: secret(z.string().min(1).describe('the private Ed25519 JWK that services trust')),
  INTERNAL_JWKS_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('the public keys that services trust: a new signing key is used when it has stood there for a while'),
  INTERNAL_KEY_DELAY_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(3_600_000)
    .default(120_000)
    .describe('for so long, milliseconds, 0–3,600,000'),
  SERVICE_URLS: z
    .string()
    .transform((text, ctx): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        ctx.addIssue({ code: 'custom', message: 'must be JSON, {"auth":"http://…",…}' });
        return z.NEVER;
      }
    })
    .pipe(z.record(z.string(), url))
    .optional()
    .describe('base URLs of the services as one JSON object; or one variable each, as follows'),
  AUTH_URL: url.optional(),
  REGISTRY_URL: url.optional(),
  TRAINING_URL: url.optional(),
  EVALUATOR_URL: url.optional(),
  DEPLOYER_URL: url.optional(),
  BATCH_URL: url.optional(),
  OPENAPI_FOLDER: z
    .string()
    .default(`${import.meta.dirname}/../../../contracts/printed`)
    .describe('holds <service>.openapi.yaml for /docs'),
  TRUSTED_PROXIES: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((proxy) => proxy.trim())
        .filter((proxy) => proxy !== ''),
    )
    .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'must be addresses or networks, 10.0.0.0/8,…')))
    .describe(
      'addresses and networks of load balancers whose X-Forwarded-For is believed, comma separated; default none',
    ),
  BODY_TIMEOUT_MS: milliseconds(15_000, 'a small body must be there, and a large one go on, within'),
  PREDICTION_TIMEOUT_MS: milliseconds(30_000, 'longest wait for the answer to a prediction'),
  UNREACHABLE_WAIT_MS: milliseconds(
    5_000,
    'a service that has been away for less, as when it starts again, is waited for',
  ),
  GRPC_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('port of the inference protocol over gRPC, 0–65535; 0 takes a free one; absent: none is opened'),
  TENANT_IN_FLIGHT: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(1_000)
    .describe('requests of a tenant that may be answered at a time over all replicas, where its limit does not say'),
  ANSWER_TIMEOUT_MS: milliseconds(120_000, 'longest wait for any other answer'),
});

export type GatewayConfig = z.output<typeof gatewayConfigSchema>;

/** @throws {ConfigError} with every fault. */
export function gatewayConfig(): GatewayConfig {
  return loadConfig(gatewayConfigSchema);
}

/** The gateway answers its own routes itself. */
const WITHOUT_URL: ReadonlySet<string> = new Set(['realtime', 'gateway']);

/** Origin of each service but realtime, whose replicas the deployer names. @throws {ConfigError} naming those that are missing */
export function serviceUrls(config: GatewayConfig): Readonly<Record<string, string>> {
  const byVariable = config as Readonly<Record<string, unknown>>;
  const names = httpContracts.map(({ service }) => service).filter((service) => !WITHOUT_URL.has(service));
  const found = names.map((name) => [name, config.SERVICE_URLS?.[name] ?? byVariable[variableOf(name)]] as const);
  const missing = found.filter(([, value]) => value === undefined);
  const plain =
    config.TLS_CERT_FILE === undefined ? [] : found.filter(([, value]) => String(value).startsWith('http:'));
  if (plain.length > 0)
    throw new ConfigError(
      plain.map(([name]) => ({ variable: variableOf(name), message: 'must be https with TLS_CERT_FILE' })),
    );
  if (missing.length > 0)
    throw new ConfigError(missing.map(([name]) => ({ variable: variableOf(name), message: 'is required' })));
  return Object.fromEntries(found.map(([name, value]) => [name, new URL(String(value)).origin]));
}

const variableOf = (service: string): string => `${service.toUpperCase()}_URL`;
