import { type Clock, ProblemError, type RequestContext } from '@myriad/kernel';
import { Inject, Injectable } from '@nestjs/common';
import type { Alias } from '../domain/model.js';
import { CLOCK } from './ports.js';
import { ReadAlias } from './read-alias.js';

/** An alias that was read once, and how long ago if the database can't be asked whether it is still so. */
export interface KnownAlias {
  readonly alias: Alias;
  readonly staleSeconds: number | undefined;
}

interface Entry {
  readonly alias: Alias;
  readonly readAtMs: number;
  /** It was moved since. */
  isOutdated: boolean;
  /** When the database, which did not answer, is asked again; undefined: it answered. */
  retryAtMs: number | undefined;
}

interface Reading {
  readonly promise: Promise<KnownAlias>;
  /** It was moved while it was read. */
  isOutdated: boolean;
}

const MAX_ENTRIES = 100_000;
/** Told of every move, an entry is asked about all the same: the event log may have been away. */
const FRESH_MS = 10_000;
/** Until then who asks gets what is known while it is read anew. */
const USABLE_MS = 60_000;
/** Between two attempts to read an entry from a database that is away. */
const RETRY_MS = 1_000;

/**
 * Where aliases point, in this process, in front of the database. Moves outdate entries: at once those of this process, within the event log's time those of others. While the
 * database is away what was known is answered, with its age.
 */
@Injectable()
export class AliasCache {
  private readonly entries = new Map<string, Entry>();
  private readonly readings = new Map<string, Reading>();
  private hearsMoves = false;

  constructor(
    private readonly source: ReadAlias,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** From here on every move is heard of; before, nothing is kept. */
  open(): void {
    this.hearsMoves = true;
  }

  /** At once where nothing has to be waited for. @throws {ProblemError} `registry.model_not_found`, `registry.alias_not_found`. */
  find(ctx: RequestContext, modelName: string, alias: string): KnownAlias | Promise<KnownAlias> {
    const key = keyOf(ctx.tenantId, modelName, alias);
    const entry = this.entries.get(key);
    if (entry === undefined) return this.read(key, ctx, { modelName, alias });
    const nowMs = this.clock.nowMs();
    const ageMs = nowMs - entry.readAtMs;
    if (!entry.isOutdated && ageMs < FRESH_MS) return known(entry, undefined);
    if (entry.retryAtMs !== undefined && nowMs < entry.retryAtMs) return known(entry, ageMs);
    const reading = this.read(key, ctx, { modelName, alias });
    const isAway = entry.retryAtMs !== undefined;
    if (!isAway && (entry.isOutdated || ageMs >= USABLE_MS)) return reading;
    reading.catch(() => undefined);
    return known(entry, isAway ? ageMs : undefined);
  }

  /** It was moved, or removed. */
  outdate(tenantId: string, modelName: string, alias: string): void {
    const key = keyOf(tenantId, modelName, alias);
    for (const one of [this.entries.get(key), this.readings.get(key)]) if (one) one.isOutdated = true;
  }

  /** One at a time of each alias; one that began before a move is no answer to who asks after it. */
  private read(
    key: string,
    ctx: RequestContext,
    name: { readonly modelName: string; readonly alias: string },
  ): Promise<KnownAlias> {
    const running = this.readings.get(key);
    if (running && !running.isOutdated) return running.promise;
    const startMs = this.clock.nowMs();
    // others wait for it, too: the time of the first one's request is not theirs
    const { deadlineMs: _deadlineMs, ...unhurried } = ctx;
    const promise = this.source.execute(unhurried, name.modelName, name.alias).then(
      (alias) => this.keep(key, { alias, readAtMs: startMs, isOutdated: reading.isOutdated, retryAtMs: undefined }),
      (error: unknown) => this.answerFor(key, error),
    );
    const reading: Reading = { promise, isOutdated: false };
    this.readings.set(key, reading);
    const end = (): void => {
      if (this.readings.get(key) === reading) this.readings.delete(key);
    };
    promise.then(end, end);
    return promise;
  }

  private keep(key: string, entry: Entry): KnownAlias {
    const before = this.entries.get(key);
    const isNewest =
      before === undefined || (before.readAtMs <= entry.readAtMs && !(entry.isOutdated && !before.isOutdated));
    if (this.hearsMoves && isNewest) {
      this.entries.delete(key);
      this.entries.set(key, entry);
      const [oldest] = this.entries.keys();
      if (this.entries.size > MAX_ENTRIES && oldest !== undefined) this.entries.delete(oldest);
    }
    return known(entry, undefined);
  }

  private answerFor(key: string, error: unknown): KnownAlias {
    const entry = this.entries.get(key);
    const isAway = error instanceof ProblemError && error.retryable;
    if (entry === undefined || !isAway) {
      this.entries.delete(key);
      throw error;
    }
    const nowMs = this.clock.nowMs();
    entry.retryAtMs = nowMs + RETRY_MS;
    return known(entry, nowMs - entry.readAtMs);
  }
}

function keyOf(tenantId: string, modelName: string, alias: string): string {
  return `${tenantId}/${modelName}/${alias}`;
}

function known({ alias }: Entry, ageMs: number | undefined): KnownAlias {
  return { alias, staleSeconds: ageMs === undefined ? undefined : Math.ceil(ageMs / 1_000) };
}
