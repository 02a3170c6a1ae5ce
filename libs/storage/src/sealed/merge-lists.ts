import type { StoredObject } from '../object-store.port.js';

/** Two lists in order of the digests as one; of a digest that is in both the first list's counts, as stored when the later of the two was. */
export async function* mergeLists(
  first: AsyncIterable<StoredObject>,
  second: AsyncIterable<StoredObject>,
): AsyncGenerator<StoredObject, void> {
  const sources = [first[Symbol.asyncIterator](), second[Symbol.asyncIterator]()] as const;
  try {
    let [left, right] = await Promise.all(sources.map(next));
    while (left ?? right) {
      const [isLeft, isRight] = [comesFirst(left, right), comesFirst(right, left)];
      const object = (isLeft ? left : right) as StoredObject;
      const other = isLeft && isRight ? (right as StoredObject) : object;
      yield { ...object, modifiedMs: Math.max(object.modifiedMs, other.modifiedMs) };
      if (isLeft) left = await next(sources[0]);
      if (isRight) right = await next(sources[1]);
    }
  } finally {
    for (const source of sources) await source.return?.();
  }
}

async function next(source: AsyncIterator<StoredObject>): Promise<StoredObject | undefined> {
  const step = await source.next();
  return step.done === true ? undefined : step.value;
}

/** Also of two equal ones. */
function comesFirst(one: StoredObject | undefined, other: StoredObject | undefined): boolean {
  return one !== undefined && (other === undefined || one.digest <= other.digest);
}
