import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { parse } from 'yaml';
import { printedFiles } from '../../tools/manifests/printed-files.mjs';
import { composeRules, dockerfileRules } from '../../tools/manifests/rules.mjs';
import { made, makeSecrets } from '../../tools/manifests/secrets.mjs';

interface ComposeFile {
  readonly services: Record<string, Record<string, unknown>>;
  readonly secrets: Record<string, { readonly file: string }>;
}
const text = printedFiles().get('docker-compose.yml') ?? '';
const composeFile = (): ComposeFile => parse(text) as ComposeFile;

describe('docker-compose.yml', () => {
  it('keeps every rule', () => {
    const file = composeFile();
    expect(composeRules(file)).toEqual([]);
    expect(Object.keys(file.services)).toEqual(
      expect.arrayContaining(['gateway', 'kafka', 'postgres', 's3', 'grafana', 'jaeger']),
    );
  });

  it.each<readonly [string, string, unknown, string]>([
    ['auth', 'healthcheck', undefined, 'auth has no health check'],
    ['auth', 'deploy', { replicas: 2 }, 'auth has no limits'],
    ['auth', 'user', 'root', 'auth runs as root'],
    ['jaeger', 'user', undefined, 'jaeger runs as root'],
    ['auth', 'read_only', false, 'auth has a writable root'],
    ['grafana', 'cap_drop', undefined, 'grafana keeps capabilities'],
    ['grafana', 'security_opt', [], 'grafana may gain privileges'],
    ['s3', 'image', 'versity/versitygw:latest', 's3 has an image that is not pinned'],
    ['s3', 'environment', { ROOT_SECRET_KEY: 'test' }, 's3 holds a secret as a literal'],
    ['s3', 'environment', { ROOT_SECRET_KEY: '${SECRET}' }, 's3 holds a secret as a literal, or takes an empty one'],
    [
      'auth',
      'environment',
      { DATABASE_URL: 'postgres://a:${P:?}@b/c' },
      'auth is told DATABASE_URL by its environment',
    ],
    ['auth', 'environment', { KMS_SECRET: '${K:?}' }, 'auth is told KMS_SECRET by its environment'],
    ['auth', 'depends_on', { kafka: { condition: 'service_started' } }, 'auth does not wait until kafka is healthy'],
    ['auth', 'depends_on', ['kafka'], 'auth does not wait'],
    ['prometheus', 'ports', ['9090:9090'], 'prometheus opens an engine to the network'],
    ['auth', 'secrets', [{ source: 'a', mode: 292 }], 'auth gives a mode'],
  ])('a rule sees %s with another %s', (service, field, value, says) => {
    const file = composeFile();
    file.services[service]![field] = value;
    expect(composeRules(file).join('\n')).toContain(says);
  });
});

describe('the door of objects', () => {
  it('is reached at the one address that presigned URLs name', () => {
    const { objects, registry } = composeFile().services;
    const [, port] = /:(\d+)}$/.exec((registry!['environment'] as Record<string, string>)['OBJECT_STORE_PUBLIC_URL']!)!;
    expect(objects!['ports']).toEqual([`\${MYRIAD_OBJECTS_PORT:-${port!}}:8080`]);
    expect(objects!['deploy']).toMatchObject({ replicas: 1 });
  });
});

describe('the Dockerfile', () => {
  const dockerfile = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8');
  const checkout = { workspaces: ['contracts', 'libs/kernel', 'services/auth'], exists: () => true };

  it('copies every workspace, from what is there, and ends as no root', () => {
    expect(dockerfileRules(dockerfile, checkout)).toEqual([]);
  });

  it.each<readonly [string, string, string, string]>([
    [
      'a workspace that is left out',
      'COPY libs/kernel/package.json libs/kernel/\n',
      '',
      'does not copy libs/kernel/package.json',
    ],
    ['another base', 'FROM node:24-slim AS build', 'FROM node:24 AS build', 'is based on node:24,'],
    ['root', 'USER 1000:1000', 'USER root', 'ends as root'],
  ])('a rule sees %s', (_what, from, to, says) => {
    expect(dockerfile).toContain(from);
    expect(dockerfileRules(dockerfile.replaceAll(from, to), checkout).join('\n')).toContain(says);
  });

  it('a rule sees a source that is not there', () => {
    const exists = (path: string) => path !== 'tools/build.mjs';
    expect(dockerfileRules(dockerfile, { ...checkout, exists })).toEqual([
      'copies tools/build.mjs, which is not there',
    ]);
  });
});

describe('the secrets of docker-compose.yml', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'myriad-secrets-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('every variable and file that it needs is made', () => {
    const variables = new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name));
    expect(made.variables).toEqual(expect.arrayContaining([...variables]));
    expect(made.files).toEqual(expect.arrayContaining(Object.keys(composeFile().secrets)));
    for (const [name, { file }] of Object.entries(composeFile().secrets))
      expect(file).toBe(`./.myriad/compose/${name}`);
  });

  it('are readable by their owner only, and the public keys are those of the private one', () => {
    makeSecrets(root);
    const folder = join(root, '.myriad/compose');
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBe(made.files.length);
    for (const path of [join(root, '.env'), ...files.map(({ name }) => join(folder, name))])
      expect(statSync(path).mode & 0o777).toBe(0o600);
    const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
    const { kid, ...jwk } = read('internal-signing-key.json');
    const [publicJwk] = read('internal-jwks.json')['keys'] as Record<string, unknown>[];
    const own = createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' })).export({ format: 'jwk' });
    expect(publicJwk).toMatchObject({ ...own, kid });
    expect(publicJwk).not.toHaveProperty('d');
  });

  it('are never made twice, and what a person wrote stays', () => {
    writeFileSync(join(root, '.env'), 'MYRIAD_DB_PASSWORD=mine', { mode: 0o600 });
    expect(makeSecrets(root)).not.toContain('.env: MYRIAD_DB_PASSWORD');
    const env = readFileSync(join(root, '.env'), 'utf8');
    expect(env).toMatch(/^MYRIAD_DB_PASSWORD=mine\nMYRIAD_/);
    const key = readFileSync(join(root, '.myriad/compose/internal-signing-key.json'), 'utf8');
    expect(makeSecrets(root)).toEqual([]);
    expect(readFileSync(join(root, '.env'), 'utf8')).toBe(env);
    expect(readFileSync(join(root, '.myriad/compose/internal-signing-key.json'), 'utf8')).toBe(key);
  });
});
