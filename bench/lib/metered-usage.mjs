import { usageMeteredV1 } from '@myriad/contracts';
import { parseEvent } from '@myriad/messaging';

const QUIET_MS = 5_000;

/** What a log was told of the use of models: answered requests of each, by tenant and model. Each event counts once. */
export class MeteredUsage {
  answered = new Map();
  total = 0;
  events = 0;
  rows = 0;
  #ids = new Set();
  #lastMs = Date.now();

  async follow(log) {
    this.tail = await log.tail({ topics: [usageMeteredV1.topic.name], onRecord: (record) => this.#take(record) });
    await this.tail.caughtUp;
  }

  /** Resolves once so many are told of, or nothing new has come for a while. */
  async settled(expected) {
    this.#lastMs = Date.now();
    while (this.total < expected && Date.now() - this.#lastMs < QUIET_MS)
      await new Promise((resolve) => setTimeout(resolve, 50));
  }

  close() {
    return this.tail.close();
  }

  #take(record) {
    const { id, data } = parseEvent(record);
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    // a repetition comes soon or not at all
    if (this.#ids.size > 200_000) this.#ids.delete(this.#ids.values().next().value);
    const key = `${data.tenantId}/${data.modelName}`;
    const answered = data.requests - data.errors;
    this.answered.set(key, (this.answered.get(key) ?? 0) + answered);
    this.total += answered;
    this.rows += data.rows;
    this.events += 1;
    this.#lastMs = Date.now();
  }
}
