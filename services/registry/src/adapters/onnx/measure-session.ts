import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { OnnxRuntimeModel } from '@myriad/inference';

/** What makes the program measure instead of waiting for orders. */
export const MEASURE = '--measure-session';

const TIMEOUT_MS = 20_000;
/** Sessions that are loaded: one of a small file is less than what a process grows by for other reasons. */
const SESSIONS = 24;
/** So large a file is loaded once. */
const LARGE_BYTES = 1_048_576;
/** An ONNX file of one Identity, so that the runtime is there before the measuring begins. */
const TINY = Buffer.from(
  'CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAN',
  'base64',
);

/**
 * Memory that a session of the file takes, bytes, measured in a process of its own: in one that loaded other models before, memory that they gave back would be taken again and nothing would be seen.
 * undefined when it could not be measured.
 */
export async function sessionBytesOf(path: string): Promise<number | undefined> {
  const program = process.argv[1] ?? '';
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, program, MEASURE, path], {
      env: {},
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    const bytes = Number(stdout);
    return Number.isInteger(bytes) && bytes > 0 ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** The other process: loads the file and prints what it grew by. */
export async function measureSession(path: string): Promise<void> {
  const file = await readFile(path);
  await OnnxRuntimeModel.load(TINY);
  const isLarge = file.length >= LARGE_BYTES;
  const models: OnnxRuntimeModel[] = [];
  // the first ones fill what was free before
  if (!isLarge) for (let i = 0; i < SESSIONS / 4; i += 1) models.push(await OnnxRuntimeModel.load(file));
  const before = process.memoryUsage.rss();
  const count = isLarge ? 1 : SESSIONS;
  for (let i = 0; i < count; i += 1) models.push(await OnnxRuntimeModel.load(file));
  const grown = (process.memoryUsage.rss() - before) / count;
  process.stdout.write(String(Math.max(file.length, Math.round(grown))));
}
