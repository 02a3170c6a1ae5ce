import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { services } from '../../tools/manifests/mesh.mjs';
import { driftOf, floorOf, mean } from './drift.mjs';

const EVERY_MS = 5_000;
const PRELOADED = pathToFileURL(join(import.meta.dirname, 'live-memory.mjs')).href;
/** A process loads code and compiles it for so long, minutes; what grows after that grows for ever. */
const WARM_UP_MINUTES = 4;
/** Several samples fall into it, and one of them finds little in flight, minutes. */
const WINDOW_MINUTES = 2;
const MIB = 1_048_576;

/**
 * Memory of a mesh's services. What is live must not grow with the age of a process; a process that is killed begins anew, so the lives of all
 * processes of a service count together. And no process may take more than the container that it runs in gives it.
 */
export class MemoryWatch {
  #folder = mkdtempSync(join(tmpdir(), 'myriad-memory-'));
  /** The most that a process of a service took, by service. */
  #peaks = new Map();

  /** Variables of a mesh whose services tell what is live. */
  get environment() {
    const told = { NODE_OPTIONS: `--expose-gc --import ${PRELOADED}`, LIVE_MEMORY_FOLDER: this.#folder };
    const variables = Object.fromEntries(services.map(({ name }) => [name, told]));
    return { MYRIAD_OVERRIDES: JSON.stringify({ variables }) };
  }

  async watch(mesh, signal) {
    while (!signal.aborted) {
      const processes = await mesh.processes().catch(() => []);
      for (const { name, rssBytes } of processes) {
        const service = name.split('-', 1)[0];
        this.#peaks.set(service, Math.max(this.#peaks.get(service) ?? 0, rssBytes));
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  /** One entry a service. `driftPercent`: how much of what is live comes to it a minute. */
  results() {
    const lives = this.#lives();
    return services.map(({ name, memory }) => {
      const own = lives.filter(([first]) => first.service === name);
      const live = floors(own, 'liveBytes');
      const native = floors(own, 'nativeBytes');
      const liveBytes = levelOf(live);
      return {
        service: name,
        minutes: live.flat().length * WINDOW_MINUTES,
        liveBytes,
        driftPercent: (100 * driftOf(live)) / liveBytes,
        nativeBytes: levelOf(native),
        nativeDriftBytes: driftOf(native),
        peakBytes: this.#peaks.get(name) ?? 0,
        limitBytes: memory * MIB,
      };
    });
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #lives() {
    return readdirSync(this.#folder)
      .map((file) =>
        readFileSync(join(this.#folder, file), 'utf8')
          .split('\n')
          .filter((line) => line.endsWith('}')) // a process may have been killed while it wrote
          .map((line) => JSON.parse(line))
          .map((sample) => ({ ...sample, age: sample.ageMs / 60_000 })),
      )
      .filter((samples) => samples.length > 0);
  }
}

/** Of each life what was held after warming up. */
function floors(lives, key) {
  return lives.map((samples) => {
    const late = samples.filter(({ age }) => age >= WARM_UP_MINUTES);
    return floorOf(
      late.map((sample) => ({ age: sample.age, value: sample[key] })),
      WINDOW_MINUTES,
    );
  });
}

const levelOf = (lives) => mean(lives.flat().map(({ value }) => value));
