import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { isSecret, loadConfig, secret } from '@myriad/config';
import { z } from 'zod';
import { providerSettings } from '../../services/auth/src/adapters/oidc/provider-settings.js';
import { gatewayConfigSchema, serviceUrls } from '../../services/gateway/src/config.js';
import { clusterVariables } from '../../tools/manifests/kubernetes/cluster.mjs';
import { clusters, services } from '../../tools/manifests/mesh.mjs';
import { memoryFaults, scrapeFaults, variableFaults } from '../../tools/manifests/rules/variables.mjs';

describe('what a service is told, against its config', () => {
  const schema = z.object({
    PORT: z.coerce.number(),
    NAME: z.string().optional(),
    KEY: secret(z.string().min(40)),
  });
  const faults = (told: Readonly<Record<string, string>>, common: readonly string[] = []) =>
    variableFaults({ schema, isSecret, told, common });

  it('is right when each variable is known and valid, and secrets are files', () => {
    expect(faults({ PORT: '80', KEY_FILE: '/run/key', OTHER: 'x' }, ['OTHER'])).toEqual([]);
  });

  it.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['a variable that is unknown', { PORT: '80', KEY_FILE: 'k', PROT: '1' }, 'is told PROT, which its config does not'],
    ['a file for what is no secret', { PORT: '80', KEY_FILE: 'k', NAME_FILE: 'n' }, 'is told NAME_FILE, which'],
    ['a value that is refused', { PORT: 'http', KEY_FILE: 'k' }, 'is told PORT, which its config refuses'],
    ['a variable that is missing', { KEY_FILE: 'k' }, 'is not told PORT, which it needs'],
    ['a secret that is missing', { PORT: '80' }, 'is not told KEY, which it needs'],
    ['a secret that is no file', { PORT: '80', KEY: 'k' }, 'is told KEY itself'],
  ])('has a fault: %s', (_what, told, says) => {
    expect(faults(told)).toEqual([expect.stringContaining(says)]);
  });
});

describe('the memory of a container', () => {
  it('has room for the heap, for what lies outside of it, and for Node', () => {
    expect(memoryFaults({ memory: 416, heap: 256 })).toEqual([]);
    expect(memoryFaults({ memory: 415, heap: 256 })).toEqual(['may take 416 MiB and its container gives it 415']);
    expect(memoryFaults({ memory: 928, heap: 256, outside: 512 })).toEqual([]);
    expect(memoryFaults({ memory: 927, heap: 256, outside: 512 })).toHaveLength(1);
  });

  it.each(services.map((service) => [service.name, service] as const))('is enough for %s', (_name, service) => {
    expect(memoryFaults(service)).toEqual([]);
    const models = Number(service.environment['MEMORY_LIMIT_BYTES'] ?? 0) / 1_048_576;
    expect(service.outside ?? 0).toBeGreaterThanOrEqual(models);
  });
});

describe('what Prometheus asks', () => {
  const job = (name: string, port: number) => ({ job_name: name, dns_sd_configs: [{ port }] });

  it('is every service, where that answers, and nothing else', () => {
    expect(scrapeFaults({ scrape_configs: [job('a', 1)] }, { a: 1 })).toEqual([]);
    expect(scrapeFaults({ scrape_configs: [job('a', 2), job('b', 1)] }, { a: 1, c: 3 })).toEqual([
      'has no job a that asks port 1',
      'has no job c that asks port 3',
      'has a job b, which is no service',
    ]);
  });
});

describe.each(clusters.map((cluster) => [cluster.name, cluster] as const))('the services in %s', (name, cluster) => {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-variables-'));
  const held = join(folder, 'secret');
  writeFileSync(held, 'a secret', { mode: 0o600 });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const told = (service: string) =>
    clusterVariables(
      services.find((each) => each.name === service)!,
      cluster,
    );
  /** As in a pod, but for where the secrets are. */
  const here = (service: string) =>
    Object.fromEntries(
      Object.entries(told(service)).map(([key, value]) => [key, value.startsWith('/run/myriad/') ? held : value]),
    );

  it('take no more heap than their entry says', () => {
    for (const { name: service, heap } of services)
      expect(told(service)['NODE_OPTIONS']).toBe(`--max-old-space-size=${heap}`);
  });

  it('are reached by the gateway over what they speak', () => {
    const urls = Object.values(serviceUrls(loadConfig(gatewayConfigSchema, here('gateway'))));
    const protocols = new Set(urls.map((url) => new URL(url).protocol));
    expect([...protocols]).toEqual([name === 'production' ? 'https:' : 'http:']);
    const speaksTls = services.filter((service) => 'TLS_CERT_FILE' in clusterVariables(service, cluster));
    expect(speaksTls.map((service) => service.name)).toEqual(
      name === 'production' ? services.map((service) => service.name) : [],
    );
  });

  it('take the certificates of those that call them', () => {
    const clients = services.map((service) => [service.name, told(service.name)['TLS_ALLOWED_CLIENTS']]);
    const expected = services.map((service) => [
      service.name,
      name !== 'production' || service.public
        ? undefined
        : service.name === 'realtime'
          ? 'deployer,gateway'
          : 'gateway',
    ]);
    expect(clients).toEqual(expected);
  });

  it("send people to the cluster's own identity provider", () => {
    const text = told('auth')['OIDC_PROVIDERS'] ?? '';
    expect(text).toContain('"clientSecret":"file:/run/myriad/oidc-client-secret"');
    const [provider, ...others] = providerSettings(text.replace('/run/myriad/oidc-client-secret', held));
    expect(others).toEqual([]);
    expect(provider?.issuer).toBe(`https://id.${name}.internal`);
    expect(provider?.clientSecret?.()).toBe('a secret');
  });
});
