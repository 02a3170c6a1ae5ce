import { parseArgs } from 'node:util';
import { ConfigError } from '@myriad/config';
import { RULES } from './rules.js';

/** What to check, and how. */
export interface InvariantsConfig {
  readonly stateFolder: string;
  /** Names of rules; all of them when empty. */
  readonly only: readonly string[];
  /** Longest wait until the mesh is at rest, milliseconds. */
  readonly waitMs: number;
  readonly isJson: boolean;
  readonly isHelp: boolean;
}

export const USAGE = `npm run invariants -- [flags]   checks that a mesh at rest has lost nothing and done nothing twice
  --state FOLDER   the mesh's folder                     (MYRIAD_STATE, default .myriad)
  --only NAMES     these rules only, comma separated
  --wait SECONDS   for the mesh to come to rest          (default 60)
  --json           the report as JSON
rules:
${RULES.map(({ name, promise }) => `  ${name.padEnd(20)} ${promise}`).join('\n')}`;

/** @throws {ConfigError} with what is wrong with the flags. */
export function invariantsConfig(args: readonly string[], env: NodeJS.ProcessEnv = process.env): InvariantsConfig {
  const { values } = parsed(args);
  const only = values.only?.split(',') ?? [];
  const unknown = only.filter((name) => !RULES.some((rule) => rule.name === name));
  if (unknown.length > 0) throw fault('--only', `no such rule: ${unknown.join(', ')}`);
  const seconds = Number(values.wait ?? 60);
  if (!(seconds >= 0 && seconds <= 3_600)) throw fault('--wait', 'is 0 to 3600 seconds');
  return {
    stateFolder: values.state ?? env['MYRIAD_STATE'] ?? '.myriad',
    only,
    waitMs: seconds * 1_000,
    isJson: values.json === true,
    isHelp: values.help === true,
  };
}

const fault = (variable: string, message: string): ConfigError => new ConfigError([{ variable, message }]);

function parsed(args: readonly string[]): ReturnType<typeof parse> {
  try {
    return parse(args);
  } catch (error) {
    throw fault('flags', `${(error as Error).message}\n${USAGE}`);
  }
}

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    allowPositionals: false,
    options: {
      state: { type: 'string' },
      only: { type: 'string' },
      wait: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
