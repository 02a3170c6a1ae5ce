import type { Client } from '../client.js';
import { askWith, type Names } from './ask.js';
import type { Operation } from './operations.js';

const MARK = /\b[a-z]{3}_[0-9a-f]{32}\b|\bsha256:[0-9a-f]{64}\b/g;
/** A skeleton holds nothing that was learned: two tenants' models of equal shape have the same one, each its own copy. */
const SHARED = /"skeletonDigest":"sha256:[0-9a-f]{64}"/g;

/** Ids and digests, by which a tenant's data is recognized wherever it turns up. */
export type Marks = ReadonlySet<string>;

export function marksIn(text: string): Marks {
  return new Set(text.replaceAll(SHARED, '').match(MARK));
}

/** All that these operations show a caller of these things. @throws when one does not: then it would hide nothing from others either */
export async function marksOf(client: Client, reads: readonly Operation[], names: Names): Promise<Marks> {
  const marks = new Set<string>();
  for (const operation of reads) {
    const { status, text } = await askWith(client, operation, names);
    if (status !== 200) throw new Error(`${operation.operationId} shows the owner nothing: ${status} ${text}`);
    for (const mark of marksIn(text)) marks.add(mark);
  }
  return marks;
}

/** What stands in a text of these marks, but for what was said by the one who asked. */
export function shownIn(text: string, marks: Marks, said: string): readonly string[] {
  return [...marks].filter((mark) => text.includes(mark) && !said.includes(mark));
}
