import { describe, expect, it } from '@jest/globals';
import { FakeClock, ProblemError, type RequestContext } from '@myriad/kernel';
import { testContext } from '@myriad/testing';
import { AliasCache } from '../../src/application/alias-cache.js';
import type { ReadAlias } from '../../src/application/read-alias.js';
import type { Alias } from '../../src/domain/model.js';

/** A database whose alias the test moves, holds back and takes away. */
class Source implements Pick<ReadAlias, 'execute'> {
  version = 1;
  reads = 0;
  fault: ProblemError | undefined;
  gate: Promise<void> = Promise.resolve();

  async execute(ctx: RequestContext, modelName: string, alias: string): Promise<Alias> {
    this.reads += 1;
    const { version, fault } = this;
    await this.gate;
    if (fault) throw fault;
    const versionId = `${ctx.tenantId}-${version}`;
    return { modelName, alias, version, versionId, movedBy: 'usr_1', movedAt: new Date(0), reason: 'r' };
  }
}

const away = new ProblemError({ kind: 'unavailable', code: 'persistence.database_unavailable', detail: 'away' });
const gone = new ProblemError({ kind: 'not-found', code: 'registry.alias_not_found', detail: 'gone' });

function cached(): {
  source: Source;
  clock: FakeClock;
  cache: AliasCache;
  find: (tenant?: string) => Promise<unknown[]>;
} {
  const source = new Source();
  const clock = new FakeClock();
  const cache = new AliasCache(source as unknown as ReadAlias, clock);
  cache.open();
  const find = async (tenant = 'aa'): Promise<unknown[]> => {
    const { alias, staleSeconds } = await cache.find(testContext(tenant), 'churn', 'champion');
    return [alias.versionId, staleSeconds];
  };
  return { source, clock, cache, find };
}

describe('AliasCache', () => {
  it('reads once, for each tenant its own', async () => {
    const { source, find } = cached();
    expect([await find(), await find(), await find('bb')]).toEqual([
      ['aa-1', undefined],
      ['aa-1', undefined],
      ['bb-1', undefined],
    ]);
    expect(source.reads).toBe(2);
  });

  it('asks the database again after a move, and for every answer before it hears of moves', async () => {
    const { source, cache, find } = cached();
    await find();
    source.version = 2;
    cache.outdate('aa', 'churn', 'champion');
    expect(await find()).toEqual(['aa-2', undefined]);
    const deaf = new AliasCache(source as unknown as ReadAlias, new FakeClock());
    for (let i = 0; i < 2; i += 1) await deaf.find(testContext('aa'), 'churn', 'champion');
    expect(source.reads).toBe(4);
  });

  it('takes no answer for the newest that was read before a move', async () => {
    const { source, cache, find } = cached();
    let open = (): void => undefined;
    source.gate = new Promise((resolve) => (open = resolve));
    const before = find();
    source.version = 2;
    cache.outdate('aa', 'churn', 'champion');
    const after = find();
    open();
    expect([await before, await after, await find()]).toEqual([
      ['aa-1', undefined],
      ['aa-2', undefined],
      ['aa-2', undefined],
    ]);
  });

  it('answers what it knows while it reads anew, and waits when that is old', async () => {
    const { source, clock, find } = cached();
    await find();
    source.version = 2;
    clock.advance(15_000);
    expect(await find()).toEqual(['aa-1', undefined]);
    expect(await find()).toEqual(['aa-2', undefined]);
    source.version = 3;
    clock.advance(90_000);
    expect(await find()).toEqual(['aa-3', undefined]);
  });

  it('answers with its age while the database is away, asks it once a second, and is fresh when it is back', async () => {
    const { source, clock, cache, find } = cached();
    await find();
    source.fault = away;
    cache.outdate('aa', 'churn', 'champion');
    clock.advance(5_000);
    expect([await find(), await find()]).toEqual([
      ['aa-1', 5],
      ['aa-1', 5],
    ]);
    expect(source.reads).toBe(2);
    clock.advance(3_600_000);
    expect(await find()).toEqual(['aa-1', 3_605]);
    await expect(find('bb')).rejects.toThrow('away');
    source.fault = undefined;
    source.version = 2;
    clock.advance(1_500);
    expect(await find()).toEqual(['aa-1', 3_607]);
    expect(await find()).toEqual(['aa-2', undefined]);
  });

  it('forgets what is no more', async () => {
    const { source, cache, find } = cached();
    await find();
    source.fault = gone;
    cache.outdate('aa', 'churn', 'champion');
    await expect(find()).rejects.toThrow('gone');
    source.fault = away;
    await expect(find()).rejects.toThrow('away');
  });
});
