import type { ObjectInfo } from '../object-store.port.js';

/** Two lists in order of the digests as one; of a digest that is in both the first list's counts. */
export async function* mergeLists(
  first: AsyncIterable<ObjectInfo>,
  second: AsyncIterable<ObjectInfo>,
): AsyncGenerator<ObjectInfo, void> {
  const sources = [first[Symbol.asyncIterator](), second[Symbol.asyncIterator]()] as const;
  try {
    let [left, right] = await Promise.all(sources.map(next));
    while (left ?? right) {
      const [isLeft, isRight] = [comesFirst(left, right), comesFirst(right, left)];
      yield (isLeft ? left : right) as ObjectInfo;
      if (isLeft) left = await next(sources[0]);
      if (isRight) right = await next(sources[1]);
    }
  } finally {
    for (const source of sources) await source.return?.();
  }
}

async function next(source: AsyncIterator<ObjectInfo>): Promise<ObjectInfo | undefined> {
  const step = await source.next();
  return step.done === true ? undefined : step.value;
}

/** Also of two equal ones. */
function comesFirst(one: ObjectInfo | undefined, other: ObjectInfo | undefined): boolean {
  return one !== undefined && (other === undefined || one.digest <= other.digest);
}
