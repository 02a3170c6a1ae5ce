import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { S3ObjectStore } from '@myriad/storage';
import { TestAuthority, type TestDatabase, createTestDatabase, eventually } from '@myriad/testing';
import { imageConfig } from '../../tools/images/build.mjs';
import { runImage } from '../../tools/images/run.mjs';
import {
  type ServiceManifest,
  commonEnvironment,
  containerVariables,
  mutualTls,
  secretFile,
  secretVariables,
  services,
} from '../../tools/manifests/mesh.mjs';
import { hostFile, makeSecrets } from '../../tools/manifests/secrets.mjs';

/** Seconds for one on a quiet machine; here all start at once, beside other tests. */
const READY_WITHIN_MS = 120_000;

/** Where the engines are; `postgres` a superuser's URL. */
export interface Engines {
  readonly brokers: string;
  readonly s3: { readonly endpoint: string; readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly postgres: string;
}

/** What all services find: Kafka, a bucket, databases of their own, an authority for their certificates. */
export interface ImageWorld {
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly authority: TestAuthority;
  readonly databases: readonly TestDatabase[];
}

/** A service's process, as its image runs it. */
export class RunningImage {
  #text = '';
  #isOver = false;
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;

  constructor(
    readonly child: ChildProcess,
    readonly probeUrl = '',
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
    this.ended = new Promise((resolve) =>
      child.once('exit', (code) => {
        this.#isOver = true;
        resolve(code);
      }),
    );
  }

  /** What it said so far. */
  get text(): string {
    return this.#text;
  }

  /** @throws {Error} with what the service said, when it ends or is not ready in time */
  async ready({ intervalMs = 100 } = {}): Promise<void> {
    const answers = async (): Promise<void> => {
      if (this.#isOver) return;
      for (const path of ['/healthz', '/readyz']) {
        const { status } = await fetch(this.probeUrl + path);
        if (status !== 200) throw new Error(`${path} answers ${status}`);
      }
    };
    await eventually(answers, { timeoutMs: READY_WITHIN_MS, intervalMs }).catch((cause: unknown) => {
      throw new Error(`it did not get ready, and said:\n${this.text}`, { cause });
    });
    if (this.#isOver) throw new Error(`it ended with ${await this.ended}, and said:\n${this.text}`);
  }

  /** What /proc says of its process. */
  proc(file: 'status' | 'mountinfo'): string {
    return readFileSync(`/proc/${this.child.pid!}/${file}`, 'utf8');
  }
}

/** Bucket and databases as an installation makes them before the first start, and the secrets of all services in files. */
export async function makeWorld(folder: string, { brokers, s3, postgres }: Engines): Promise<ImageWorld> {
  const { endpoint, accessKeyId, secretAccessKey } = s3;
  const [bucket, credentials] = [`images-${process.pid}`, { accessKeyId, secretAccessKey }];
  (await S3ObjectStore.open({ endpoint, bucket, credentials, createBucket: true })).close();
  writeFileSync(
    join(folder, '.env'),
    `MYRIAD_S3_ACCESS_KEY_ID=${accessKeyId}\nMYRIAD_S3_SECRET_ACCESS_KEY=${secretAccessKey}\n`,
  );
  makeSecrets(folder);
  const databases: TestDatabase[] = [];
  for (const service of services.filter(({ database }) => database)) {
    const database = await createTestDatabase({ service: service.name, serverUrl: postgres });
    databases.push(database);
    const urls = { DATABASE_URL: database.url, DATABASE_MIGRATION_URL: database.migrationUrl };
    for (const [name, url] of Object.entries(urls)) writeFileSync(secretOnHost(folder, service, name), url);
  }
  return {
    folder,
    databases,
    authority: TestAuthority.create(folder, 'authority'),
    variables: { KAFKA_BROKERS: brokers, S3_ENDPOINT: endpoint, S3_BUCKET: bucket, OTEL_EXPORTER_OTLP_ENDPOINT: '' },
  };
}

/** Starts a service's unpacked image on free ports, told what production tells it. */
export async function startImage(world: ImageWorld, service: ServiceManifest, root: string): Promise<RunningImage> {
  const { env, mounts, probeUrl } = await toldTo(world, service);
  const config = imageConfig(service.name);
  return new RunningImage(runImage(root, { config, node: realpathSync(process.execPath), env, mounts }), probeUrl);
}

/** Starts a service as {@link startImage} does, but from the checkout's compiled files. */
export async function startCompiled(
  world: ImageWorld,
  service: ServiceManifest,
  checkout: string,
): Promise<RunningImage> {
  const { env, mounts, probeUrl } = await toldTo(world, service);
  const state = join(world.folder, 'state', service.name);
  mkdirSync(state, { recursive: true });
  const folders = Object.entries({ ...mounts, '/var/lib/myriad': state });
  const here = (value: string): string =>
    folders.reduce((path, [inside, folder]) => path.replace(inside, folder), value);
  const child = spawn(process.execPath, imageConfig(service.name).Entrypoint.slice(1), {
    cwd: checkout,
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value)])),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new RunningImage(child, probeUrl);
}

/** Variables and mounts of a service's container, and where its probes are answered. */
async function toldTo(world: ImageWorld, service: ServiceManifest) {
  const [port, adminPort, grpcPort] = [await freePort(), await freePort(), await freePort()];
  const variables = containerVariables(service);
  const env: Readonly<Record<string, string>> = {
    ...commonEnvironment,
    ...variables,
    ...mutualTls(service),
    ...world.variables,
    // containers have these to themselves, here all services share them
    PORT: String(port),
    ...('GRPC_PORT' in variables ? { GRPC_PORT: String(grpcPort) } : {}),
    ...(service.public ? {} : { ADMIN_PORT: String(adminPort) }),
  };
  const mounts = { '/run/myriad': mountSecrets(world, service), '/run/tls': mountCertificate(world, service) };
  return { env, mounts, probeUrl: `http://127.0.0.1:${service.public ? port : adminPort}` };
}

const secretOnHost = (folder: string, service: ServiceManifest, name: string): string =>
  join(folder, '.myriad/compose', hostFile(service, name));

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

function giveToImage(path: string): void {
  chownSync(path, 1000, 1000);
}

/** The folder that a pod of the service mounts at /run/myriad, with what it needs and no more. */
function mountSecrets({ folder }: ImageWorld, service: ServiceManifest): string {
  const mounted = join(folder, 'secrets', service.name);
  mkdirSync(mounted, { recursive: true });
  const put = (from: string, name: string): void => {
    cpSync(from, join(mounted, name));
    giveToImage(join(mounted, name));
  };
  for (const name of ['internal-jwks.json', ...service.secretFiles]) put(join(folder, '.myriad/compose', name), name);
  for (const name of secretVariables(service)) put(secretOnHost(folder, service, name), secretFile(name));
  return mounted;
}

/** The service's certificate as cert-manager writes it, readable to the image's user. */
function mountCertificate({ folder, authority }: ImageWorld, { name }: ServiceManifest): string {
  const mounted = join(folder, 'tls', name);
  mkdirSync(mounted, { recursive: true });
  const { cert, key } = authority.issue({ names: [`DNS:${name}`] });
  for (const [file, text] of Object.entries({ 'tls.crt': cert, 'tls.key': key, 'ca.crt': authority.cert })) {
    writeFileSync(join(mounted, file), text, { mode: 0o400 });
    giveToImage(join(mounted, file));
  }
  return mounted;
}
