import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeEnvironment } from '../../tools/bootstrap/python.mjs';

const root = join(import.meta.dirname, '../..');
const models = join(import.meta.dirname, '../models');
const lock = join(models, 'requirements.lock');
const run = promisify(execFile);
const ARRAYS = { FP32: Float32Array, INT32: Int32Array, INT64: BigInt64Array };

/** Models that ship in packages, pinned by version and digest, with real samples and what onnxruntime in Python makes of them. Kept in this user's cache; never in the repository. */
export class RealModels {
  static async fetch() {
    const cache = process.env.MYRIAD_CACHE ?? join(homedir(), '.cache', 'myriad');
    const digest = createHash('sha256').update(readFileSync(lock)).digest('hex').slice(0, 16);
    const folder = join(cache, 'models', digest);
    const python = join(folder, 'bin/python');
    if (!existsSync(python)) await makeEnvironment(root, folder, lock);
    return new RealModels(python, join(folder, 'samples'));
  }

  constructor(python, samples) {
    this.python = python;
    this.samples = samples;
  }

  /** `{name, file, inputs, outputs, text, characters, labels}` of each; `file` and tensors as bytes. */
  async all() {
    rmSync(this.samples, { recursive: true, force: true });
    mkdirSync(this.samples, { recursive: true });
    await this.#reference('samples', this.samples);
    const withBytes = (tensor) => ({ ...tensor, bytes: readFileSync(tensor.path) });
    return readdirSync(this.samples)
      .filter((path) => path.endsWith('.json'))
      .map((path) => {
        const described = JSON.parse(readFileSync(join(this.samples, path), 'utf8'));
        const [inputs, outputs] = [described.inputs, described.outputs].map((tensors) => tensors.map(withBytes));
        return {
          ...described,
          name: path.slice(0, -'.json'.length),
          file: readFileSync(described.file),
          inputs,
          outputs,
        };
      });
  }

  /** Runs a second of onnxruntime in Python, at the priority that worker threads have: on a machine with other work it decides more than anything else. */
  async rate(name, seconds, threads) {
    return Number(await this.#reference('rate', name, seconds, threads));
  }

  async #reference(...args) {
    const command = ['-n', '10', this.python, join(models, 'reference.py'), ...args.map(String)];
    const { stdout } = await run('nice', command);
    return stdout;
  }
}

export const valuesOf = ({ datatype, bytes }) => new ARRAYS[datatype](new Uint8Array(bytes).buffer);

/** The text that a recogniser saw: the likeliest character of each step, repeats and blanks (class 0) left out. */
export function readText({ shape }, values, characters) {
  const [, steps, classes] = shape;
  let [text, before] = ['', 0];
  for (let step = 0; step < steps; step += 1) {
    const at = argMax(values.subarray(step * classes, (step + 1) * classes));
    if (at !== before && at > 0) text += characters[at - 1];
    before = at;
  }
  return text.trim();
}

export function argMax(values) {
  let at = 0;
  for (let i = 1; i < values.length; i += 1) if (values[i] > values[at]) at = i;
  return at;
}
