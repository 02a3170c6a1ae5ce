#!/usr/bin/env node
/**
 * Builds a service's image without a container daemon: an OCI layout with the layers that the Dockerfile makes, the same bytes each time. It lacks the base's layers (node:24-slim),
 * which only a registry has: `crane append` or `buildah` put them together.
 *
 *   node tools/images/build.mjs SERVICE [--out FOLDER]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { IMAGE_VERSION, PORT } from '../manifests/mesh.mjs';
import { LAYERS, assemble } from './assemble.mjs';
import { writeImage } from './oci.mjs';

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

/** Builds into `out`; answers with the image's digest, its layers' descriptors and the workspaces in it. @throws {Error} when the checkout is not compiled, or npm fails */
export async function buildImage(service, out) {
  const scratch = mkdtempSync(join(tmpdir(), 'myriad-layers-'));
  try {
    const workspaces = assemble(service, scratch);
    const layers = LAYERS.map((layer) => join(scratch, layer));
    const architecture = arch() === 'x64' ? 'amd64' : arch();
    const image = await writeImage({ out, layers, config: imageConfig(service), architecture, base: BASE });
    return { ...image, workspaces };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function main() {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { out: { type: 'string' } } });
  if (positionals.length !== 1) {
    console.error('usage: node tools/images/build.mjs SERVICE [--out FOLDER]');
    return 2;
  }
  const [service] = positionals;
  const out = values.out ?? join(root, '.myriad/images', service);
  mkdirSync(out, { recursive: true });
  const { digest, layers } = await buildImage(service, out);
  const mebibytes = layers.map(({ size }) => (size / 1024 ** 2).toFixed(1));
  console.log(
    `myriad/${service}:${IMAGE_VERSION} ${digest}\n  ${out}: ${mebibytes.join(' + ')} MiB (${LAYERS.join(', ')})`,
  );
  return 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main();
