import { readFileSync } from 'node:fs';
import { ConfigError, httpConfig, internalAuthConfig, loadConfig, secret, telemetryConfig } from '@myriad/config';
import { eventLogConfig, snapshotWriterConfig } from '@myriad/messaging';
import { databaseConfig } from '@myriad/persistence';
import { objectStoreConfig } from '@myriad/storage';
import { z } from 'zod';

export const authConfigSchema = z.object({
  ...httpConfig,
  ...internalAuthConfig,
  ...telemetryConfig,
  ...databaseConfig,
  ...eventLogConfig,
  ...objectStoreConfig,
  ...snapshotWriterConfig,
  BOOTSTRAP_KEY_FILE: z
    .string()
    .min(1)
    .describe("file that the first start makes (0600) and writes the administrator's key into, once"),
  SIGNING_KEY_ENCRYPTION: secret(
    z
      .string()
      .min(16, 'must have at least 16 characters')
      .describe('the secret that seals the private signing keys in the database; any text of ≥ 16 characters'),
  ),
  TOKEN_LIFE_SECONDS: z.coerce
    .number()
    .int()
    .min(60)
    .max(86_400)
    .default(900)
    .describe('life of a user token, seconds, 60–86,400'),
  SIGNING_KEY_DELAY_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(2_000)
    .describe('a new signing key is published for so long before it signs, milliseconds, 0–60,000'),
  OIDC_PROVIDERS: z
    .string()
    .optional()
    .describe('OpenID Connect providers, a JSON list (README.md); client secrets stand in it by reference'),
  OIDC_PROVIDERS_FILE: z.string().optional().describe('or a file with that list'),
  LOGIN_SECONDS: z.coerce
    .number()
    .int()
    .min(300)
    .max(604_800)
    .default(28_800)
    .describe('after so long a login asks its provider again, seconds, 300–604,800'),
  SWEEP_INTERVAL_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(3_600_000)
    .default(5_000)
    .describe('pause between two looks for what has expired, milliseconds, 100–3,600,000'),
});

export type AuthConfig = z.output<typeof authConfigSchema>;

/** @throws {ConfigError} with every fault. */
export function authConfig(): AuthConfig {
  return loadConfig(authConfigSchema);
}

/** The list of OpenID Connect providers as it stands; undefined when there is none. @throws {ConfigError} */
export function providerList({ OIDC_PROVIDERS: text, OIDC_PROVIDERS_FILE: path }: AuthConfig): string | undefined {
  if (path === undefined) return text;
  if (text !== undefined)
    throw new ConfigError([{ variable: 'OIDC_PROVIDERS', message: 'give it or OIDC_PROVIDERS_FILE, not both' }]);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new ConfigError([{ variable: 'OIDC_PROVIDERS_FILE', message: `can't read ${path} (${reason})` }]);
  }
}
