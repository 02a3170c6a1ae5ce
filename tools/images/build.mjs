#!/usr/bin/env node
/**
 * Builds images of services without a container daemon: one OCI layout with the layers that the Dockerfile makes, the same bytes each time; services with the same layer share it. It
 * lacks the base's layers (node:24-slim), which only a registry has: `crane append` or `buildah` put them together.
 *
 *   node tools/images/build.mjs SERVICE… [--out FOLDER]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { IMAGE_VERSION, PORT } from '../manifests/mesh.mjs';
import { layersOf } from './assemble.mjs';
import { addImage, addLayer, openLayout } from './oci.mjs';

const root = join(import.meta.dirname, '../..');
export const BASE = 'docker.io/library/node:24-slim';

/** What the image says about its process; the Dockerfile says the same, which a test compares. */
export const imageConfig = (service) => ({
  User: '1000:1000',
  ExposedPorts: { [`${PORT}/tcp`]: {} },
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'NODE_ENV=production'],
  Entrypoint: ['node', '--enable-source-maps', `services/${service}/dist/main.js`],
  WorkingDir: '/app',
  Labels: {
    'org.opencontainers.image.title': `myriad/${service}`,
    'org.opencontainers.image.version': IMAGE_VERSION,
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'org.myriad.third-party': '/app/THIRD-PARTY.json',
  },
});

/** Makes a layer's files in a folder of its own, which is gone afterwards. */
async function makeLayer(layout, fill) {
  const scratch = mkdtempSync(join(tmpdir(), 'myriad-layer-'));
  try {
    const app = join(scratch, 'app');
    mkdirSync(app);
    fill(app);
    return await addLayer(layout, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Builds into `out`, which is emptied first; answers, by service, with the image's digest, its layers' descriptors and the workspaces in it. @throws {Error} when the checkout is not compiled, or its packages are not those of the lock file */
export async function buildImages(services, out) {
  const layout = openLayout(out);
  const architecture = arch() === 'x64' ? 'amd64' : arch();
  const made = new Map();
  const images = {};
  for (const service of services) {
    const { layers, workspaces } = layersOf(service);
    const held = layers.filter(({ isEmpty }) => !isEmpty);
    for (const { key, fill } of held) if (!made.has(key)) made.set(key, await makeLayer(layout, fill));
    const own = held.map(({ key }) => made.get(key));
    const config = imageConfig(service);
    images[service] = {
      ...addImage(layout, { name: service, layers: own, config, architecture, base: BASE }),
      workspaces,
    };
  }
  return images;
}

async function main() {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { out: { type: 'string' } } });
  if (positionals.length === 0) {
    console.error('usage: node tools/images/build.mjs SERVICE… [--out FOLDER]');
    return 2;
  }
  const out = values.out ?? join(root, '.myriad/images');
  for (const [service, { digest, layers }] of Object.entries(await buildImages(positionals, out))) {
    const mebibytes = layers.map(({ size }) => (size / 1024 ** 2).toFixed(1));
    console.log(`myriad/${service}:${IMAGE_VERSION} ${digest}\n  ${out}: ${mebibytes.join(' + ')} MiB`);
  }
  return 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main();
