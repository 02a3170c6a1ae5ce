import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { eventually, tempFolder, testContext } from '../src/index.js';

describe('eventually', () => {
  it('gives the value of the first attempt that does not throw', async () => {
    let attempts = 0;
    const value = await eventually(
      () => {
        attempts += 1;
        if (attempts < 3) throw new Error('not yet');
        return attempts;
      },
      { intervalMs: 1 },
    );
    expect(value).toBe(3);
  });

  it('says the last reason when the time is over', async () => {
    await expect(
      eventually(() => Promise.reject(new Error('still red')), { timeoutMs: 20, intervalMs: 5 }),
    ).rejects.toThrow('not true within 20 ms: still red');
  });
});

describe('testContext', () => {
  it('acts for its tenant with the given permissions and another request id each time', () => {
    const context = testContext('aa', ['models:read']);
    expect(context).toMatchObject({ tenantId: 'aa', principal: { kind: 'user', homeTenantId: 'aa' } });
    expect([...context.principal.permissions]).toEqual(['models:read']);
    expect(testContext('aa').requestId).not.toBe(context.requestId);
  });

  it('refuses what is no tenant id', () => {
    expect(() => testContext('../x')).toThrow(TypeError);
  });
});

describe('tempFolder', () => {
  it('removes the folder with all it holds', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder.path, 'file'), 'x');
    await folder.remove();
    expect(existsSync(folder.path)).toBe(false);
  });
});
