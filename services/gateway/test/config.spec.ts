import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@myriad/config';
import { gatewayConfigSchema, serviceUrls } from '../src/config.js';

const names = ['auth', 'registry', 'training', 'evaluator', 'deployer', 'batch'];
const load = (env: Record<string, string>) => loadConfig(gatewayConfigSchema, { INTERNAL_SIGNING_KEY: 'k', ...env });

describe('serviceUrls', () => {
  it('come from one variable each, or all from one', () => {
    const each = Object.fromEntries(names.map((name) => [`${name.toUpperCase()}_URL`, `http://${name}:1/`]));
    const all = JSON.stringify(Object.fromEntries(names.map((name) => [name, `http://${name}:1`])));
    const expected = Object.fromEntries(names.map((name) => [name, `http://${name}:1`]));
    expect(serviceUrls(load(each))).toEqual(expected);
    expect(serviceUrls(load({ SERVICE_URLS: all }))).toEqual(expected);
  });

  it('are named when they are missing, and refused when they are none', () => {
    expect(() => serviceUrls(load({ AUTH_URL: 'http://auth:1' }))).toThrow(/REGISTRY_URL[\s\S]*BATCH_URL/);
    expect(() => load({ SERVICE_URLS: '{' })).toThrow('must be JSON');
    expect(() => load({ AUTH_URL: 'ftp://auth' })).toThrow('AUTH_URL');
  });
});
