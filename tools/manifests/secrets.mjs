#!/usr/bin/env node
/**
 * Makes what docker-compose.yml takes from outside: `.env`, the key files and folders below `.myriad/compose/`. What is there stays as it is; only its owner may read it.
 *
 *   node tools/manifests/secrets.mjs [--root FOLDER]
 */
import { createHash, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { secretFile, secretVariables, services } from './mesh.mjs';

/** Folder of the files that Compose mounts as secrets, from the repository's root. */
export const SECRETS_ON_HOST = '.myriad/compose';
/** Folders that containers write to. */
const FOLDERS = ['auth', 's3'];
/** Who the containers run as: whoever calls this, and nobody special when that is root. */
const isRoot = process.getuid?.() === 0;
const owner = isRoot ? { uid: 1000, gid: 1000 } : { uid: process.getuid?.() ?? 1000, gid: process.getgid?.() ?? 1000 };

const text = (bytes) => randomBytes(bytes).toString('hex');
const variables = {
  MYRIAD_UID: () => String(owner.uid),
  MYRIAD_GID: () => String(owner.gid),
  MYRIAD_DB_PASSWORD: () => text(24),
  MYRIAD_S3_ACCESS_KEY_ID: () => text(10),
  MYRIAD_S3_SECRET_ACCESS_KEY: () => text(24),
  MYRIAD_GRAFANA_PASSWORD: () => text(12),
};

function signingKey() {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(jwk.x).digest('hex').slice(0, 16);
  return { ...jwk, kid, alg: 'EdDSA', use: 'sig' };
}

function publicKeys(privateFile) {
  const { kid, ...jwk } = JSON.parse(readFileSync(privateFile, 'utf8'));
  const publicJwk = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'jwk' });
  return { keys: [{ ...publicJwk, kid, alg: 'EdDSA', use: 'sig' }] };
}

/** Name of the file with what a service's secret variable is to hold: a database's URL is the service's own, the keys of the object store are everybody's. */
export const hostFile = (service, variable) =>
  variable.startsWith('DATABASE_') ? `${service.name}-${secretFile(variable)}` : secretFile(variable);

const databaseUrl = (service, role) => (_folder, env) =>
  `postgres://${service.name}_${role}:${encodeURIComponent(env.MYRIAD_DB_PASSWORD)}@postgres:5432/${service.name}`;
/** What is written for a service's secret variables; the engines are given the same by `.env`. */
const ofVariables = (service) => ({
  S3_ACCESS_KEY_ID: (_folder, env) => env.MYRIAD_S3_ACCESS_KEY_ID,
  S3_SECRET_ACCESS_KEY: (_folder, env) => env.MYRIAD_S3_SECRET_ACCESS_KEY,
  DATABASE_URL: databaseUrl(service, 'app'),
  DATABASE_MIGRATION_URL: databaseUrl(service, 'owner'),
});

/** How each file is made from the folder and `.env`, in this order: the public keys are those of the private one. */
const files = {
  'internal-signing-key.json': () => JSON.stringify(signingKey()),
  'internal-jwks.json': (folder) => JSON.stringify(publicKeys(join(folder, 'internal-signing-key.json'))),
  'signing-key-encryption.key': () => randomBytes(32).toString('base64'),
  // whoever loses it loses the objects: a copy of it belongs where a backup of them is not
  'object-master.key': () => randomBytes(32).toString('base64'),
  'object-store.key': () => randomBytes(32).toString('hex'),
  ...Object.fromEntries(
    services.flatMap((service) =>
      secretVariables(service).map((name) => [hostFile(service, name), ofVariables(service)[name]]),
    ),
  ),
};

/** Names of the variables and files that are made. */
export const made = { variables: Object.keys(variables), files: Object.keys(files) };

function give(path) {
  if (isRoot) chownSync(path, owner.uid, owner.gid);
}

const readEnv = (path) => (existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {});

/** Adds the variables that `.env` does not have. */
function makeVariables(path) {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const known = readEnv(path);
  const missing = Object.entries(variables).filter(([name]) => !Object.hasOwn(known, name));
  if (missing.length === 0) return [];
  const lines = missing.map(([name, make]) => `${name}=${make()}\n`).join('');
  const end = before === '' || before.endsWith('\n') ? '' : '\n';
  writeFileSync(path, `${end}${lines}`, { flag: 'a', mode: 0o600 });
  return missing.map(([name]) => `.env: ${name}`);
}

/** Makes what is missing below `root` and answers with a line for each thing made. @throws {Error} when a service needs a file that nothing here makes */
export function makeSecrets(root) {
  const needed = new Set(services.flatMap(({ secretFiles }) => secretFiles));
  const unknown = [...needed].filter((name) => files[name] === undefined);
  if (unknown.length > 0) throw new Error(`nothing makes ${unknown.join(', ')}`);
  const folder = join(root, SECRETS_ON_HOST);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  give(folder);
  const lines = makeVariables(join(root, '.env'));
  const env = readEnv(join(root, '.env'));
  for (const name of FOLDERS.filter((each) => !existsSync(join(folder, each)))) {
    mkdirSync(join(folder, name), { mode: 0o700 });
    give(join(folder, name));
    lines.push(`${SECRETS_ON_HOST}/${name}/`);
  }
  for (const [name, make] of Object.entries(files)) {
    const path = join(folder, name);
    if (existsSync(path)) continue;
    writeFileSync(path, `${make(folder, env)}\n`, { flag: 'wx', mode: 0o600 });
    give(path);
    lines.push(`${SECRETS_ON_HOST}/${name}`);
  }
  return lines;
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { root: { type: 'string', default: join(import.meta.dirname, '../..') } } });
  const lines = makeSecrets(values.root);
  console.log(lines.length === 0 ? 'everything is there' : lines.map((line) => `made ${line}`).join('\n'));
}
