import { parseArgs } from 'node:util';
import { ConfigError, LOG_LEVELS, jsonOf, loadConfig } from '@myriad/config';
import { z } from 'zod';
import { MODES, type Mode } from './mesh/topology.js';

/** Both can run on one machine. */
const DEFAULTS: Readonly<Record<Mode, { stateFolder: string; gatewayPort: number; portBase: number }>> = {
  standalone: { stateFolder: '.myriad', gatewayPort: 8080, portBase: 8100 },
  mesh: { stateFolder: '.myriad-mesh', gatewayPort: 8280, portBase: 8300 },
};

const port = z.coerce.number().int().min(0);

const overridesSchema = z.strictObject({
  routes: z.record(z.string(), z.int().min(1).max(65_535)).default({}),
  variables: z.record(z.string(), z.record(z.string(), z.string())).default({}),
});

/** What a test of failures puts between and into the processes. */
export interface Overrides {
  /** By the name of what is reached: the port of the loopback interface at which the others reach it, instead of its own. */
  readonly routes: Readonly<Record<string, number>>;
  /** By service: variables besides and instead of its own. */
  readonly variables: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const schema = z.object({
  MYRIAD_MODE: z
    .enum(MODES)
    .default('standalone')
    .describe('standalone: PostgreSQL and files; mesh: Kafka, S3 and replicas, as in production'),
  MYRIAD_STATE: z
    .string()
    .min(1)
    .optional()
    .describe('folder that holds all of the mesh; relative to the root; default .myriad, .myriad-mesh in mode mesh'),
  MYRIAD_GATEWAY_PORT: port
    .max(65_535)
    .optional()
    .describe('TCP port of the public entrance; 0 takes a free one; default 8080, 8280 in mode mesh'),
  MYRIAD_PORT_BASE: port
    .max(65_400)
    .refine((first) => first === 0 || first >= 1024, 'is 0 or at least 1024')
    .optional()
    .describe(
      'first of the 100 TCP ports of everything else on the loopback interface; 0 takes free ones; default 8100, 8300 in mode mesh',
    ),
  MYRIAD_START_TIMEOUT_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3_600)
    .default(120)
    .describe('how long a start may take'),
  POOL_REMOTE_URLS: z
    .string()
    .optional()
    .describe('servers that run the models of some pools, for the deployer: {"vision-large": "grpc://host:port"}'),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('least level that the services write'),
  MYRIAD_OVERRIDES: z
    .string()
    .default('{}')
    .transform(jsonOf)
    .pipe(overridesSchema)
    .describe('for tests of failures: proxies between processes, and variables of single services'),
});

/** How to run the mesh on this machine. */
export interface StandaloneConfig {
  readonly mode: Mode;
  readonly stateFolder: string;
  readonly gatewayPort: number;
  /** 0: free ports are taken. */
  readonly portBase: number;
  readonly startTimeoutMs: number;
  readonly logLevel: string;
  /** As the deployer reads it. */
  readonly poolRemoteUrls?: string;
  readonly overrides: Overrides;
  /** Stay in the terminal instead of leaving the mesh running behind it. */
  readonly isForeground: boolean;
  /** What services may inherit of this process' environment. */
  readonly inherited: Readonly<Record<string, string>>;
}

const FLAGS = {
  mesh: { type: 'boolean' },
  state: { type: 'string' },
  'gateway-port': { type: 'string' },
  'port-base': { type: 'string' },
  foreground: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const USAGE = `flags (or variables):
  --mesh                Kafka, S3 and replicas, as in production; needs Java 17 and Go (MYRIAD_MODE=mesh)
  --state FOLDER        where all of it lives       (MYRIAD_STATE, default .myriad; with --mesh .myriad-mesh)
  --gateway-port PORT   the public entrance         (MYRIAD_GATEWAY_PORT, default 8080; 8280)
  --port-base PORT      the first of 100 others     (MYRIAD_PORT_BASE, default 8100; 8300; 0: free ones)
  --foreground          stay in the terminal; Ctrl-C ends the mesh`;

/** Of this environment a service gets these and no more: what a program needs to run, find its way out, and export telemetry. */
const INHERITED = [
  ...['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'],
  ...['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_TRACES_SAMPLER', 'OTEL_TRACES_SAMPLER_ARG'],
];

/**
 * Flags win over variables.
 * @throws {ConfigError} with all faults.
 */
export function standaloneConfig(args: readonly string[], env: NodeJS.ProcessEnv = process.env): StandaloneConfig {
  const flags = flagsOf(args);
  const config = loadConfig(schema, {
    ...env,
    ...(flags.mesh === true && { MYRIAD_MODE: 'mesh' }),
    ...(flags.state !== undefined && { MYRIAD_STATE: flags.state }),
    ...(flags['gateway-port'] !== undefined && { MYRIAD_GATEWAY_PORT: flags['gateway-port'] }),
    ...(flags['port-base'] !== undefined && { MYRIAD_PORT_BASE: flags['port-base'] }),
  });
  const defaults = DEFAULTS[config.MYRIAD_MODE];
  return {
    mode: config.MYRIAD_MODE,
    stateFolder: config.MYRIAD_STATE ?? defaults.stateFolder,
    gatewayPort: config.MYRIAD_GATEWAY_PORT ?? defaults.gatewayPort,
    portBase: config.MYRIAD_PORT_BASE ?? defaults.portBase,
    startTimeoutMs: config.MYRIAD_START_TIMEOUT_SECONDS * 1_000,
    logLevel: config.LOG_LEVEL,
    ...(config.POOL_REMOTE_URLS === undefined ? {} : { poolRemoteUrls: config.POOL_REMOTE_URLS }),
    overrides: config.MYRIAD_OVERRIDES,
    isForeground: flags.foreground === true,
    inherited: Object.fromEntries(INHERITED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
  };
}

/** The command to do something with a mesh of this configuration, as a person types it. */
export function commandOf(config: Pick<StandaloneConfig, 'mode'>, verb: 'status' | 'down'): string {
  return config.mode === 'mesh' ? `npm run mesh -- --${verb}` : `npm run ${verb}`;
}

function flagsOf(args: readonly string[]): ReturnType<typeof parse> {
  try {
    return parse(args);
  } catch (error) {
    throw new ConfigError([{ variable: 'flags', message: `${(error as Error).message}\n${USAGE}` }]);
  }
}

function parse(
  args: readonly string[],
): Partial<Record<'state' | 'gateway-port' | 'port-base', string>> &
  Partial<Record<'mesh' | 'foreground' | 'help', boolean>> {
  return parseArgs({ args: [...args], options: FLAGS, allowPositionals: false }).values;
}
