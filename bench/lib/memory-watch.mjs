const EVERY_MS = 5_000;

/** Samples the memory of a mesh's processes, by name: a process that is killed goes on under its name. */
export class MemoryWatch {
  #samples = new Map();

  constructor(mesh) {
    this.mesh = mesh;
  }

  async watch(signal) {
    while (!signal.aborted) {
      const processes = await this.mesh.processes().catch(() => []);
      for (const { name, state, rssBytes } of processes) {
        if (state !== 'ready' || rssBytes === 0) continue;
        const samples = this.#samples.get(name) ?? [];
        samples.push(rssBytes);
        this.#samples.set(name, samples);
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  /** The mean of the last third of the time against the middle third's; the first is for warming up. */
  growths() {
    return [...this.#samples]
      .filter(([, samples]) => samples.length >= 9)
      .map(([name, samples]) => {
        const third = Math.floor(samples.length / 3);
        const [middle, last] = [mean(samples.slice(third, 2 * third)), mean(samples.slice(2 * third))];
        return { name, megabytes: last / 1e6, growth: last / middle };
      });
  }
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
