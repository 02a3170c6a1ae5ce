import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, httpConfig, loadConfig, telemetryConfig } from '../src/index.js';

const schema = z.object({
  ...httpConfig,
  ...telemetryConfig,
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  KEY: z.string().regex(/^[0-9a-f]{8}$/),
});
const good = { DATABASE_URL: 'postgres://app:s3cret@127.0.0.1/db', KEY: '0123abcd' };

function faultsOf(env: Record<string, string>): ConfigError {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error('no ConfigError was thrown');
}

describe('loadConfig', () => {
  it('reads, coerces and fills in defaults', () => {
    expect(loadConfig(schema, { ...good, PORT: '8080' })).toEqual({
      ...good,
      PORT: 8080,
      HOST: '127.0.0.1',
      DRAIN_QUIET_MS: 6_000,
      LOG_LEVEL: 'info',
      OTEL_TRACES_SAMPLER_ARG: 1,
    });
  });

  it('ignores what the schema does not name', () => {
    expect(loadConfig(schema, { ...good, HOME: '/root' })).not.toHaveProperty('HOME');
  });

  it('takes an empty variable for an absent one', () => {
    expect(loadConfig(schema, { ...good, PORT: '', OTEL_EXPORTER_OTLP_ENDPOINT: '' }).PORT).toBe(0);
    expect(faultsOf({ ...good, KEY: '' }).faults).toEqual([
      { variable: 'KEY', message: expect.stringContaining('is required') as unknown },
    ]);
  });

  it('says all faults at once', () => {
    const error = faultsOf({ PORT: '70000', LOG_LEVEL: 'loud', KEY: 'x' });
    expect(error.faults.map((fault) => fault.variable).sort()).toEqual(['DATABASE_URL', 'KEY', 'LOG_LEVEL', 'PORT']);
    for (const { variable, message } of error.faults) expect(error.message).toContain(`${variable}: ${message}`);
    expect(error.message).toContain('has 4 faults');
  });

  it('never says a value', () => {
    const secrets = { DATABASE_URL: 'mysql://root:hunter2@db', KEY: 'hunter2', PORT: 'hunter2', LOG_LEVEL: 'hunter2' };
    expect(JSON.stringify(faultsOf(secrets))).not.toContain('hunter2');
    expect(faultsOf(secrets).stack).not.toContain('hunter2');
  });
});
