import { describe, expect, test } from '@jest/globals';
import { hash } from 'node:crypto';
import { CopyTable } from '../../src/application/copy-table.js';
import { Random } from '../random.js';

describe('CopyTable', () => {
  test('agrees with a map through random additions and removals', () => {
    const random = new Random(5);
    const table = new CopyTable();
    const entries = new Map<string, number>();
    const free: number[] = [];
    for (let step = 0; step < 5_000; step += 1) {
      // names that begin alike crowd the same places
      const name = `0000000${random.int(0, 3)}${hash('md5', String(random.int(0, 400)), 'hex').slice(8)}`;
      const entry = entries.get(name);
      expect(table.find(name)).toBe(entry ?? -1);
      if (entry === undefined) {
        const added = free.pop() ?? entries.size;
        table.add(added, { name, fileBytes: step });
        entries.set(name, added);
        expect(table.at(added)).toEqual({ name, fileBytes: step });
      } else if (random.chance(0.6)) {
        table.delete(entry);
        entries.delete(name);
        free.push(entry);
      }
    }
    for (const [name, entry] of entries) expect(table.find(name)).toBe(entry);
  });
});
