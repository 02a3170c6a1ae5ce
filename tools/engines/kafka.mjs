/** Apache Kafka as one plain process: a broker that is its own controller (KRaft), from Maven packages, with a class-data archive so that it starts in two seconds. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, openSync, closeSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startEngine } from './handle.mjs';
import { makeSecurity } from './kafka-security.mjs';
import { EngineUnavailable, build, cacheFolder, fillOnce, firstLine, freePort, runToEnd } from './process.mjs';

export const KAFKA_VERSION = '4.4.0';
const MINIMUM_JAVA = 17;
const CLUSTER_ID = 'bXlyaWFkLXRlc3QtZW5naQ'; // any 16 bytes as base64url
const POM = join(import.meta.dirname, 'kafka.pom.xml');
const JVM = ['-Xms256m', '-Xmx256m', '-XX:+UseSerialGC', '-Djava.awt.headless=true'];
/** Compiles quickly and never well: right for a broker that lives for seconds. */
const SHORT_LIVED = '-XX:TieredStopAtLevel=1';
const QUIET = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';

/** @throws {EngineUnavailable} naming the program that is missing. */
function requirePrograms(isFetched) {
  const java = firstLine('java', ['-version']);
  const major = Number(/version "(\d+)/.exec(java ?? '')?.[1] ?? 0);
  if (major < MINIMUM_JAVA)
    throw new EngineUnavailable('kafka', `java ${MINIMUM_JAVA} or newer is needed; found ${java ?? 'none'}`);
  if (!isFetched && firstLine('mvn', ['-v']) === undefined)
    throw new EngineUnavailable('kafka', 'mvn (Maven) is needed to fetch it; found none');
}

/** Compaction that a test can wait for (the topic still says segment.ms: only closed segments are compacted). */
const EAGER_CLEANING = {
  'log.cleaner.backoff.ms': 50,
  'log.cleaner.min.cleanable.ratio': 0.01,
  'log.retention.check.interval.ms': 500,
  'log.initial.task.delay.ms': 500,
};

function settings({ dir, port, advertisedPort = port, controllerPort, sessionMs = 3000, secure, isLasting }) {
  const secured = secure ? [`SASL_SSL://${secure.client.brokers}`] : [];
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: [`PLAINTEXT://127.0.0.1:${port}`, ...secured, `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
    'advertised.listeners': [`PLAINTEXT://127.0.0.1:${advertisedPort}`, ...secured].join(','),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT',
    ...secure?.settings,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(dir, 'data'),
    'auto.create.topics.enable': false,
    // one small machine
    'num.network.threads': 1,
    'num.io.threads': 1,
    'background.threads': 2,
    'num.recovery.threads.per.data.dir': 1,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // groups form at once, members may be quick to be missed, and a killed broker is back in seconds
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1000,
    'broker.heartbeat.interval.ms': 500,
    'broker.session.timeout.ms': sessionMs,
    'log.cleaner.dedupe.buffer.size': 2 * 1024 * 1024,
    ...(!isLasting && EAGER_CLEANING),
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

function configure({ dir, ...options }) {
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'server.properties');
  writeFileSync(file, settings({ dir, ...options }));
  return file;
}

const classPath = (home) => join(home, 'lib', '*');

/** Downloads (Maven checks the packages' checksums), formats an empty data folder to copy, and writes the class-data archive. Returns the folder. */
export async function fetchKafka() {
  const home = cacheFolder('kafka', KAFKA_VERSION);
  const isFetched = existsSync(join(home, '.complete'));
  requirePrograms(isFetched);
  if (!isFetched) await fillOnce(home, fill, 'kafka');
  return home;
}

async function fill(home) {
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(home, 'lib')}`];
  build('mvn', ['-q', '-B', '-ntp', '--strict-checksums', '-f', POM, `-Dkafka.version=${KAFKA_VERSION}`, ...goal]);
  const [port, controllerPort] = [await freePort(), await freePort()];
  const template = join(home, 'template');
  const formatted = configure({ dir: template, port, controllerPort });
  format(home, formatted);
  const warm = join(home, 'warm');
  cpSync(join(template, 'data'), join(warm, 'data'), { recursive: true });
  await writeArchive(home, configure({ dir: warm, port, controllerPort }), port);
  rmSync(warm, { recursive: true });
}

/** Makes the data folder that a configuration names. */
function format(home, config, more = []) {
  const args = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', config, ...more];
  runToEnd('java', ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', classPath(home), ...args]);
}

/** Runs the broker once and ends it: the JVM writes the archive of loaded classes when it ends. */
async function writeArchive(home, config, port) {
  const log = openSync(join(home, 'archive.log'), 'a');
  const archive = `-XX:ArchiveClassesAtExit=${join(home, 'classes.jsa')}`;
  const child = spawn('java', [...JVM, SHORT_LIVED, archive, QUIET, '-cp', classPath(home), 'kafka.Kafka', config], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
  while (child.exitCode === null && child.signalCode === null && !(await answersApiVersions(port)))
    await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill('SIGTERM');
  await ended;
  clearTimeout(timer);
  if (!existsSync(join(home, 'classes.jsa')))
    throw new Error(`no class-data archive; see ${join(home, 'archive.log')}`);
}

/**
 * Whether a broker on the port answers ApiVersions v0:
 * `int32 length=13 | int16 api=18 | int16 version=0 | int32 correlation=1 | int16 length=3 "env"`.
 */
function answersApiVersions(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const done = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.once('data', () => done(true));
    const frame = Buffer.from([0, 0, 0, 13, 0, 18, 0, 0, 0, 0, 0, 1, 0, 3, 0x65, 0x6e, 0x76]);
    socket.once('connect', () => socket.write(frame));
  });
}

/**
 * What runs a broker on 127.0.0.1: command, arguments, environment, and whether it answers. `dir` gets the configuration and, where there is none, an empty log.
 * Clients are told to come to `advertisedPort`, for brokers behind a proxy; default `port`.
 * @throws {EngineUnavailable} when Java or Maven is missing.
 */
export async function kafkaProgram({ port, advertisedPort, controllerPort, dir, sessionMs, secure, isLasting }) {
  const home = await fetchKafka();
  const config = configure({ dir, port, advertisedPort, controllerPort, sessionMs, secure, isLasting });
  const isNew = !existsSync(join(dir, 'data'));
  if (isNew && secure) format(home, config, secure.formatArgs);
  else if (isNew) cpSync(join(home, 'template', 'data'), join(dir, 'data'), { recursive: true });
  const archive = `-XX:SharedArchiveFile=${join(home, 'classes.jsa')}`;
  return {
    command: 'java',
    args: [
      ...JVM,
      ...(isLasting ? [] : [SHORT_LIVED]),
      '-Xshare:auto',
      archive,
      QUIET,
      '-cp',
      classPath(home),
      'kafka.Kafka',
      config,
    ],
    env: { MALLOC_ARENA_MAX: '2' },
    isHealthy: () => answersApiVersions(port),
  };
}

/**
 * Starts a broker on 127.0.0.1 and waits until it answers. `dir` holds configuration, data, log and pid; data that is there is kept. Without `port` a free one is taken.
 * Clients are told to come to `advertisedPort`, for a broker behind a proxy.
 * The handle: `brokers` (`127.0.0.1:port`), `pid`, `stop()`, `kill()` (SIGKILL), `start()` again on the same port and data.
 * One that `isLasting` compiles and cleans as brokers in production do, not as those that tests wait for.
 * With `isSecure` it has a second listener with TLS and SASL (SCRAM-SHA-512 and PLAIN), and the handle has `secure`: what a client of it needs.
 * @throws {EngineUnavailable} when Java, Maven or openssl is missing.
 */
export async function startKafka({ port, advertisedPort, dir, isSecure = false, isLasting = false }) {
  const [usedPort, controllerPort] = [port ?? (await freePort()), await freePort()];
  const secure = isSecure ? makeSecurity({ dir, port: await freePort() }) : undefined;
  const program = await kafkaProgram({ port: usedPort, advertisedPort, controllerPort, dir, secure, isLasting });
  const more = { brokers: `127.0.0.1:${usedPort}`, secure: secure?.client };
  return startEngine({ name: 'kafka', version: KAFKA_VERSION, port: usedPort, dir, program, more });
}
