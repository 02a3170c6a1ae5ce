import { parseArgs } from 'node:util';
import { ConfigError, LOG_LEVELS, loadConfig } from '@myriad/config';
import { z } from 'zod';

const schema = z.object({
  MYRIAD_STATE: z
    .string()
    .min(1)
    .default('.myriad')
    .describe('folder that holds all of the mesh; relative to the root'),
  MYRIAD_GATEWAY_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .default(8080)
    .describe('TCP port of the public entrance; 0 takes a free one'),
  MYRIAD_PORT_BASE: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_400)
    .refine((port) => port === 0 || port >= 1024, 'is 0 or at least 1024')
    .default(8100)
    .describe('first of the 100 TCP ports of everything else on the loopback interface; 0 takes free ones'),
  MYRIAD_START_TIMEOUT_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3_600)
    .default(120)
    .describe('how long a start may take'),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe('least level that the services write'),
});

/** How to run the mesh on this machine. */
export interface StandaloneConfig {
  readonly stateFolder: string;
  readonly gatewayPort: number;
  /** 0: free ports are taken. */
  readonly portBase: number;
  readonly startTimeoutMs: number;
  readonly logLevel: string;
  /** Stay in the terminal instead of leaving the mesh running behind it. */
  readonly isForeground: boolean;
  /** What services may inherit of this process' environment. */
  readonly inherited: Readonly<Record<string, string>>;
}

const FLAGS = {
  state: { type: 'string' },
  'gateway-port': { type: 'string' },
  'port-base': { type: 'string' },
  foreground: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const USAGE = `flags (or variables):
  --state FOLDER        where all of it lives       (MYRIAD_STATE, default .myriad)
  --gateway-port PORT   the public entrance         (MYRIAD_GATEWAY_PORT, default 8080)
  --port-base PORT      the first of 100 others     (MYRIAD_PORT_BASE, default 8100; 0: free ones)
  --foreground          stay in the terminal; Ctrl-C ends the mesh`;

/** Of this environment a service gets these and no more: what a program needs to run, find its way out, and export telemetry. */
const INHERITED = [
  ...['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot'],
  ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'],
  ...['OTEL_EXPORTER_OTLP_ENDPOINT', 'TRACE_SAMPLE_RATIO'],
];

/**
 * Flags win over variables.
 * @throws {ConfigError} with all faults.
 */
export function standaloneConfig(args: readonly string[], env: NodeJS.ProcessEnv = process.env): StandaloneConfig {
  const flags = flagsOf(args);
  const config = loadConfig(schema, {
    ...env,
    ...(flags.state !== undefined && { MYRIAD_STATE: flags.state }),
    ...(flags['gateway-port'] !== undefined && { MYRIAD_GATEWAY_PORT: flags['gateway-port'] }),
    ...(flags['port-base'] !== undefined && { MYRIAD_PORT_BASE: flags['port-base'] }),
  });
  return {
    stateFolder: config.MYRIAD_STATE,
    gatewayPort: config.MYRIAD_GATEWAY_PORT,
    portBase: config.MYRIAD_PORT_BASE,
    startTimeoutMs: config.MYRIAD_START_TIMEOUT_SECONDS * 1_000,
    logLevel: config.LOG_LEVEL,
    isForeground: flags.foreground === true,
    inherited: Object.fromEntries(INHERITED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
  };
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
): Partial<Record<'state' | 'gateway-port' | 'port-base', string>> & { foreground?: boolean; help?: boolean } {
  return parseArgs({ args: [...args], options: FLAGS, allowPositionals: false }).values;
}
