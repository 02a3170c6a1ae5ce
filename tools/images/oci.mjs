/** An OCI image layout (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md) whose bytes depend on the contents of the files alone. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
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
/** Annotation that an index names its images by. */
const REF_NAME = 'org.opencontainers.image.ref.name';
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

/** An empty layout in the folder `out`; its images share layers. */
export function openLayout(out) {
  const blobs = join(out, 'blobs/sha256');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(out, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  return { out, blobs, manifests: [] };
}

/** Packs a folder as a layer of a layout; what {@link addImage} takes. */
export const addLayer = ({ blobs }, folder) => writeLayer(folder, blobs);

/**
 * Adds an image to a layout and answers with its manifest's digest and the layers' descriptors. `name`: what it is found by; `layers`: of {@link addLayer}, the lowest first; `config`: what the
 * image says about its process; `base`: the image that the layers belong on top of, which is not in here.
 */
export function addImage({ out, blobs, manifests }, { name, layers, config, architecture, base }) {
  const created = new Date(Number(process.env.SOURCE_DATE_EPOCH ?? 0) * 1000).toISOString();
  const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) };
  const imageConfig = writeJson(blobs, MEDIA.config, { created, architecture, os: 'linux', config, rootfs });
  const manifest = writeJson(blobs, MEDIA.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: imageConfig,
    layers: layers.map(({ descriptor }) => descriptor),
    annotations: { 'org.opencontainers.image.base.name': base },
  });
  manifests.push({ ...manifest, platform: { architecture, os: 'linux' }, annotations: { [REF_NAME]: name } });
  writeFileSync(join(out, 'index.json'), JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.index, manifests }));
  return { digest: manifest.digest, layers: layers.map(({ descriptor }) => descriptor) };
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

/** Unpacks a layer below `out`, unless it is there, and answers with where. */
async function unpackLayer(out, descriptor, diffId) {
  const folder = join(out, 'unpacked', descriptor.digest.slice(7));
  const blob = await checked(out, descriptor);
  if (existsSync(folder)) return folder;
  const plain = measured();
  const temporary = `${folder}.tmp`;
  mkdirSync(temporary, { recursive: true });
  // with --ignore-zeros it reads to the end of what it is sent, and does not leave before all is written
  const args = ['-x', '--ignore-zeros', '--same-permissions', '--no-same-owner', '-C', temporary, '-f', '-'];
  const tar = spawn('tar', args, { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = new Promise((resolve, reject) => tar.once('error', reject).once('close', resolve));
  await pipeline(createReadStream(blob), createGunzip(), plain.stream, tar.stdin);
  if ((await ended) !== 0) throw new Error(`layer ${descriptor.digest} can't be unpacked`);
  if (plain.result().digest !== diffId) throw new Error(`layer ${descriptor.digest} is not what the image says`);
  renameSync(temporary, folder);
  return folder;
}

/**
 * Unpacks the image `name` of a layout into `root`, checking every digest. Answers with the image's `config`. Files of layers that images share are there once, under several names.
 * @throws {Error} when a blob is not what its name says
 */
export async function unpackImage(out, name, root) {
  const json = async (descriptor) => JSON.parse(readFileSync(await checked(out, descriptor), 'utf8'));
  const { manifests } = JSON.parse(readFileSync(join(out, 'index.json'), 'utf8'));
  const found = manifests.find(({ annotations }) => annotations[REF_NAME] === name);
  if (!found) throw new Error(`${out} has no image ${name}`);
  const manifest = await json(found);
  const { config, rootfs } = await json(manifest.config);
  mkdirSync(root, { recursive: true });
  for (const [index, descriptor] of manifest.layers.entries()) {
    const layer = await unpackLayer(out, descriptor, rootfs.diff_ids[index]);
    const { status, stderr } = spawnSync('cp', ['-al', `${layer}/.`, root], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`layer ${descriptor.digest} can't be linked to ${root}: ${stderr}`);
  }
  return config;
}
