import { appendFileSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type TempFolder, tempFolder } from '@myriad/testing';
import { rotateOnce } from '../../src/state/log-rotation.js';

describe('rotateOnce', () => {
  let folder: TempFolder;
  beforeEach(async () => {
    folder = await tempFolder();
  });
  afterEach(() => folder.remove());

  it('moves a full log aside while its process goes on writing to it', async () => {
    const path = join(folder.path, 'auth.log');
    const open = openSync(path, 'a');
    writeSync(open, 'x'.repeat(101));
    await rotateOnce(folder.path, 100);
    writeSync(open, 'after\n');
    expect(readFileSync(path, 'utf8')).toBe('after\n');
    expect(statSync(`${path}.1`).size).toBe(101);
  });

  it('leaves logs below the limit and older parts alone', async () => {
    const path = join(folder.path, 'auth.log');
    appendFileSync(path, 'x'.repeat(100));
    writeFileSync(`${path}.1`, 'y'.repeat(500));
    await rotateOnce(folder.path, 100);
    expect([statSync(path).size, statSync(`${path}.1`).size]).toEqual([100, 500]);
  });
});
