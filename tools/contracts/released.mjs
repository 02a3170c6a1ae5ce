// released.lock.json: what each released version of an event is, so that none is edited.
import { createHash } from 'node:crypto';
import { withoutWords } from './json-schema.mjs';

const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
};

/** Digest of what a consumer relies on: the data's schema without its words, the topic, and how keys are made (by the example's). */
export function digestOfEvent({ schema, topic, key }) {
  const text = JSON.stringify(sorted({ schema: withoutWords(schema), topic, key }));
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/**
 * Compares the lock with the events of today. `faults` are edits and removals of released versions; `lock` is the one to write:
 * released entries as they were, new ones added, those of `amended` taken from today.
 */
export function checkReleased(locked, today, amended = []) {
  const faults = [];
  const lock = {};
  for (const [type, entry] of Object.entries(locked)) {
    const now = today[type];
    if (amended.includes(type)) continue;
    lock[type] = entry;
    if (now === undefined) faults.push(`${type} is released and gone: a version stays until no consumer needs it`);
    else if (now.digest !== entry.digest) faults.push(editFault(type));
  }
  for (const [type, entry] of Object.entries(today)) lock[type] ??= entry;
  return { faults, lock: sorted(lock) };
}

function editFault(type) {
  const [, name, version] = /^(.*)\.v(\d+)$/.exec(type) ?? [type, type, '1'];
  return `${type} is released and was edited: leave it as it was and add ${name}.v${Number(version) + 1}`;
}
