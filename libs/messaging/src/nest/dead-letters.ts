import type { EventLog } from '../event-log.port.js';
import { messagingProblem } from '../messaging-problem.js';
import { deadLetterTopic, fromDeadLetter, retryTopic, toRetry, type DeadLetter } from './dead-letter.js';

/** The dead letters of one group: to look at, to give to the group again, to put away. */
export class DeadLetters {
  constructor(
    private readonly log: EventLog,
    private readonly group: string,
  ) {}

  /** All that are neither replayed nor discarded, oldest failure first. */
  async list(): Promise<readonly DeadLetter[]> {
    const topic = deadLetterTopic(this.group);
    await this.log.ensureTopics([topic, retryTopic(this.group)]);
    const letters = new Map<string, DeadLetter>();
    const tail = await this.log.tail({
      topics: [topic.name],
      onRecord: (record) => {
        letters.delete(record.key);
        if (record.value !== null) letters.set(record.key, fromDeadLetter(this.group, record));
      },
    });
    try {
      await tail.caughtUp;
    } finally {
      await tail.close();
    }
    return [...letters.values()];
  }

  /**
   * Gives these dead letters to this group again, no other group sees them; all when no ids are given. One that fails again comes back here.
   * @returns how many. @throws {ProblemError} `messaging.unknown_dead_letter` when one is not here; then none is replayed.
   */
  async replay(ids?: readonly string[]): Promise<number> {
    const letters = await this.find(ids);
    const topic = deadLetterTopic(this.group).name;
    // The retry first: a crash in between brings the event twice, which an inbox sees, instead of never.
    await this.log.append(letters.map(toRetry));
    await this.log.append(letters.map(({ id }) => ({ topic, key: id, value: null, headers: {} })));
    return letters.length;
  }

  /** Puts these away for good. @throws {ProblemError} `messaging.unknown_dead_letter`. */
  async discard(ids: readonly string[]): Promise<number> {
    const letters = await this.find(ids);
    const topic = deadLetterTopic(this.group).name;
    await this.log.append(letters.map(({ id }) => ({ topic, key: id, value: null, headers: {} })));
    return letters.length;
  }

  private async find(ids?: readonly string[]): Promise<readonly DeadLetter[]> {
    const letters = await this.list();
    if (ids === undefined) return letters;
    const byId = new Map(letters.map((letter) => [letter.id, letter]));
    return [...new Set(ids)].map((id) => {
      const letter = byId.get(id);
      if (!letter)
        throw messagingProblem('not-found', 'unknown_dead_letter', `group '${this.group}' has no dead letter '${id}'`);
      return letter;
    });
  }
}
