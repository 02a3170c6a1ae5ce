/** An OCI image layout (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md) whose bytes depend on the contents of the files alone. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};
/** Names in order, times and owners fixed, modes without what the umask of the builder says. */
const TAR = [
  '--sort=name',
  '--mtime=@0',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--mode=u=rwX,go=rX',
  '--format=pax',
  '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime,delete=mtime',
];

/** Passes bytes on and digests them. */
function measured() {
  const hash = createHash('sha256');
  let size = 0;
  const stream = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, result: () => ({ digest: `sha256:${hash.digest('hex')}`, size }) };
}

async function writeLayer(folder, blobs) {
  const temporary = join(blobs, 'layer.tmp');
  const tar = spawn('tar', [...TAR, '-C', folder, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve, reject) => tar.once('error', reject).once('close', resolve));
  const [plain, packed] = [measured(), measured()];
  await pipeline(tar.stdout, plain.stream, createGzip({ level: 6 }), packed.stream, createWriteStream(temporary));
  if ((await ended) !== 0) throw new Error(`tar of ${folder} failed`);
  const { digest, size } = packed.result();
  renameSync(temporary, join(blobs, digest.slice(7)));
  return { diffId: plain.result().digest, descriptor: { mediaType: MEDIA.layer, digest, size } };
}

function writeJson(blobs, mediaType, body) {
  const text = JSON.stringify(body);
  const digest = createHash('sha256').update(text).digest('hex');
  writeFileSync(join(blobs, digest), text);
  return { mediaType, digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
}

/**
 * Writes the layout into `out` and answers with the manifest's digest and the sizes. `layers`: folders, the lowest first; `config`: what the image says about its process;
 * `base`: the image that the layers belong on top of, which is not in here.
 */
export async function writeImage({ out, layers, config, architecture, base }) {
  const blobs = join(out, 'blobs/sha256');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(blobs, { recursive: true });
  const written = [];
  for (const folder of layers) written.push(await writeLayer(folder, blobs));
  const created = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? 0) * 1000).toISOString();
  const rootfs = { type: 'layers', diff_ids: written.map(({ diffId }) => diffId) };
  const imageConfig = writeJson(blobs, MEDIA.config, { created, architecture, os: 'linux', config, rootfs });
  const manifest = writeJson(blobs, MEDIA.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: imageConfig,
    layers: written.map(({ descriptor }) => descriptor),
    annotations: { 'org.opencontainers.image.base.name': base },
  });
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA.index,
    manifests: [{ ...manifest, platform: { architecture, os: 'linux' } }],
  };
  writeFileSync(join(out, 'index.json'), JSON.stringify(index));
  writeFileSync(join(out, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return { digest: manifest.digest, layers: written.map(({ descriptor }) => descriptor) };
}

async function checked(out, { digest, size }) {
  const path = join(out, 'blobs/sha256', digest.slice(7));
  const packed = measured();
  await pipeline(createReadStream(path), packed.stream, async (source) => {
    for await (const chunk of source) void chunk;
  });
  const found = packed.result();
  if (found.digest !== digest || found.size !== size) throw new Error(`${path} is ${found.digest}, not ${digest}`);
  return path;
}

/** Reads a layout, checking every digest, and unpacks its layers into `root`. Answers with the image's `config`. @throws {Error} when a blob is not what its name says */
export async function unpackImage(out, root) {
  const json = async (descriptor) => JSON.parse(readFileSync(await checked(out, descriptor), 'utf8'));
  const { manifests } = JSON.parse(readFileSync(join(out, 'index.json'), 'utf8'));
  const manifest = await json(manifests[0]);
  const { config, rootfs } = await json(manifest.config);
  mkdirSync(root, { recursive: true });
  for (const [index, descriptor] of manifest.layers.entries()) {
    const plain = measured();
    const packed = await checked(out, descriptor);
    const tar = spawn('tar', ['-x', '--same-permissions', '--no-same-owner', '-C', root, '-f', '-'], {
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    const ended = new Promise((resolve, reject) => tar.once('error', reject).once('close', resolve));
    await pipeline(createReadStream(packed), createGunzip(), plain.stream, tar.stdin);
    if ((await ended) !== 0) throw new Error(`layer ${index} can't be unpacked`);
    if (plain.result().digest !== rootfs.diff_ids[index]) throw new Error(`layer ${index} is not what the image says`);
  }
  return config;
}

/** Blobs of a layout, to see that nothing else lies there. */
export const blobsOf = (out) => readdirSync(join(out, 'blobs/sha256'));
