import { randomBytes } from 'node:crypto';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tempFolder, type TempFolder } from '@myriad/testing';
import { ExclusiveKeyFile } from '../../src/adapters/files/exclusive-key-file.js';
import { generateApiKey } from '../../src/domain/api-key.js';

describe('ExclusiveKeyFile', () => {
  let folder: TempFolder;
  let path: string;
  beforeEach(async () => {
    folder = await tempFolder();
    path = join(folder.path, 'admin.key');
  });
  afterEach(() => folder.remove());
  const newKey = (): string => generateApiKey(randomBytes).text;

  it('writes a key that only its owner can read', async () => {
    const text = newKey();
    expect((await new ExclusiveKeyFile(path).writeOnce(text)).keyText).toBe(text);
    expect(await readFile(path, 'utf8')).toBe(`${text}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('goes on with the key of a start that was cut short, and discards only what it made', async () => {
    const [first, second] = [newKey(), newKey()];
    const made = await new ExclusiveKeyFile(path).writeOnce(first);
    const found = await new ExclusiveKeyFile(path).writeOnce(second);
    expect(found.keyText).toBe(first);
    await found.discard();
    expect(await readFile(path, 'utf8')).toContain(first);
    await made.discard();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it('refuses a file that others can read, or that holds no key, without quoting it', async () => {
    await writeFile(path, newKey());
    await chmod(path, 0o644);
    await expect(new ExclusiveKeyFile(path).writeOnce(newKey())).rejects.toThrow('open to others');
    await writeFile(path, 'HALF-A-KEY');
    await chmod(path, 0o600);
    await expect(new ExclusiveKeyFile(path).writeOnce(newKey())).rejects.toThrow(/^(?!.*HALF-A-KEY).*holds no API key/);
  });
});
