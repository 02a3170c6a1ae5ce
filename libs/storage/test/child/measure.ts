import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '@myriad/kernel';
import { tempFolder } from '@myriad/testing';
import type { FileObjectStoreOptions, S3ObjectStoreOptions } from '../../src/index.js';
import { runChild } from './run-child.js';

const MARK_EVERY_BYTES = 1024 * 1024;

/** What `pass-through.ts` prints. */
export interface Passage {
  readonly digest: Digest;
  readonly readBytes: number;
  /** How far the process's memory rose over what it was before, at most. */
  readonly growthBytes: number;
  readonly putMs: number;
  readonly getMs: number;
}

/** A file with holes, in which no two mebibytes are alike. */
async function makeFile(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let at = 0; at < sizeBytes; at += MARK_EVERY_BYTES) await file.write(`mark ${at}`, at);
    await file.truncate(sizeBytes);
  } finally {
    await file.close();
  }
}

async function digestOfFile(path: string): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return `sha256:${hash.digest('hex')}`;
}

/** Streams a file of that size into the store and out again, in a process of its own. */
export async function passThrough(
  sizeBytes: number,
  store: FileObjectStoreOptions | S3ObjectStoreOptions,
  { isAnnounced }: { readonly isAnnounced: boolean },
): Promise<Passage> {
  const folder = await tempFolder();
  try {
    const path = join(folder.path, 'source');
    await makeFile(path, sizeBytes);
    const digest = isAnnounced ? await digestOfFile(path) : '-';
    const { stdout, stderr } = await runChild('pass-through.ts', [path, digest, JSON.stringify(store)]);
    if (stdout === '') throw new Error(`the child failed: ${stderr}`);
    return JSON.parse(stdout) as Passage;
  } finally {
    await folder.remove();
  }
}
