import { readFileSync } from 'node:fs';
import { runMain } from '@myriad/config';
import { z } from 'zod';
import { standaloneConfig } from './config.js';
import { readJsonFile } from './state/json-file.js';
import { Secrets } from './state/secrets.js';
import { StateFolder } from './state/state-folder.js';
import { lockHolder } from './state/state-lock.js';

const addressesSchema = z.object({ gatewayUrl: z.string(), controlUrl: z.string() });
const processesSchema = z.object({
  processes: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      pid: z.number().optional(),
      url: z.string().optional(),
      restarts: z.number(),
      rssBytes: z.number(),
    }),
  ),
});

/** A table of the processes; undefined when the mesh is not running. */
export async function status(stateFolder: string): Promise<string | undefined> {
  const state = new StateFolder(stateFolder);
  const addresses = addressesSchema.safeParse(readJsonFile(state.addresses));
  if (!lockHolder(state.lock) || !addresses.success) return undefined;
  const token = readFileSync(new Secrets(state).controlTokenFile, 'utf8').trim();
  const answer = await fetch(`${addresses.data.controlUrl}/processes`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { processes } = processesSchema.parse(await answer.json());
  const rows = processes.map((process) => [
    process.name,
    process.state,
    String(process.pid ?? '-'),
    String(process.restarts),
    `${(process.rssBytes / 1e6).toFixed(0)} MB`,
    process.url ?? '',
  ]);
  return table([['process', 'state', 'pid', 'restarts', 'memory', 'address'], ...rows]);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

if (process.argv[1] === import.meta.filename) {
  await runMain(async () => {
    const config = standaloneConfig(process.argv.slice(2));
    const text = await status(config.stateFolder);
    process.stdout.write(`${text ?? 'Myriad is not running'}\n`);
    if (text === undefined) process.exitCode = 1;
  });
}
