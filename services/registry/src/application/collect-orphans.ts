import { objectsRemovedV1, objectsSuspectedV1 } from '@myriad/contracts';
import { type Clock, type Digest, type TenantId, newId, systemContext } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import { counter } from '@myriad/telemetry';
import { Inject, Injectable } from '@nestjs/common';
import {
  type Namer,
  type ObjectSweep,
  type Suspect,
  isDecided,
  unnamedOf,
  withAnswer,
} from '../domain/object-sweep.js';
import { CLOCK, OBJECT_STORE, OBJECT_SWEEP_STORE, type ObjectSweepStore, SWEEP_SETTINGS } from './ports.js';

/** Objects that are asked about at once; what an event carries. */
const SUSPECTS_AT_ONCE = 200;
const DELETIONS_AT_ONCE = 16;
/** A question that is not answered by all within this time is asked again: what was named by nobody then may be named by now. */
const ANSWERS_MS = 600_000;
/** Each object is asked about once, when it is old enough, and again with all others in a look so long after the last such one: rows go, too. */
const WHOLE_LOOK_MS = 7 * 86_400_000;

export interface SweepSettings {
  /** So long an object may be there before a row names it, milliseconds. */
  readonly graceMs: number;
  /** Between two looks, milliseconds. */
  readonly intervalMs: number;
}

const removedObjects = counter(
  'myriad_registry_orphans_removed_total',
  'Objects that no row named and that were removed',
);
const removedBytes = counter('myriad_registry_orphan_bytes_removed_total', 'Bytes of the objects that were removed');

/**
 * Removes objects that no row names: what an upload left whose row could not be kept. All services share the store and none knows the others' rows, so the registry looks for old objects that it
 * names not itself, asks all others, and removes what nobody names, unless it was stored again meanwhile. Who does not answer keeps everything.
 */
@Injectable()
export class CollectOrphans {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(OBJECT_SWEEP_STORE) private readonly sweeps: ObjectSweepStore,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SWEEP_SETTINGS) private readonly settings: SweepSettings,
  ) {}

  /** Looks through all tenants' objects when that is due; false when it is not, or another replica does it. */
  async look(): Promise<boolean> {
    const now = new Date(this.clock.nowMs());
    const next = new Date(now.getTime() + this.settings.intervalMs);
    const looks = await this.across((tx) => this.sweeps.claim(tx, now, next));
    if (!looks) return false;
    const unanswered = await this.across((tx) => this.sweeps.takeOlder(tx, new Date(now.getTime() - ANSWERS_MS)));
    for (const { tenantId, suspects } of unanswered) await this.ask(tenantId, suspects);
    const isWhole = now.getTime() - looks.wholeAt.getTime() >= WHOLE_LOOK_MS;
    const [since, until] = [isWhole ? new Date(0) : looks.seenUntil, new Date(now.getTime() - this.settings.graceMs)];
    for await (const tenantId of this.objects.tenants())
      for await (const old of batchesOf(this.storedBetween(tenantId, since.getTime(), until.getTime())))
        await this.ask(tenantId, old);
    await this.across((tx) => this.sweeps.looked(tx, { seenUntil: until, wholeAt: isWhole ? now : looks.wholeAt }));
    return true;
  }

  /** What a service says that its rows name; with the last answer what nobody names is removed. */
  async onAnswer(
    tx: Tx,
    by: Namer,
    { sweepId, digests }: { readonly sweepId: string; readonly digests: readonly Digest[] },
  ): Promise<void> {
    const asked = await this.sweeps.lock(tx, sweepId);
    if (!asked || this.clock.nowMs() - asked.startedAt.getTime() > ANSWERS_MS) return;
    const sweep = withAnswer(asked, by, digests);
    if (!isDecided(sweep)) return this.sweeps.update(tx, sweep);
    await this.sweeps.end(tx, sweepId);
    await this.remove(tx, sweep);
  }

  private across<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.work.runAcrossTenants('registry: look for objects that nobody names', work);
  }

  /** A bucket rounds to whole seconds: so much earlier it looks. */
  private async *storedBetween(tenantId: TenantId, sinceMs: number, untilMs: number): AsyncGenerator<Suspect, void> {
    for await (const object of this.objects.list(tenantId))
      if (object.modifiedMs >= sinceMs - 1_000 && object.modifiedMs < untilMs) yield object;
  }

  private async ask(tenantId: TenantId, old: readonly Suspect[]): Promise<void> {
    await this.work.run(systemContext('registry', tenantId), async (tx) => {
      const named = await this.sweeps.named(tx, digestsOf(old));
      const suspects = old.filter(({ digest }) => !named.has(digest));
      if (suspects.length === 0) return;
      const startedAt = new Date(this.clock.nowMs());
      const sweepId = newId('swp', this.clock);
      await this.sweeps.insert(tx, { sweepId, suspects, answered: [], named: [], startedAt });
      const digests = digestsOf(suspects);
      await tx.emit(objectsSuspectedV1, { tenantId, sweepId, digests, suspectedAt: startedAt.toISOString() });
    });
  }

  /** Documents name objects as well: snapshots of topics do. */
  private async withoutThoseInDocuments(tenantId: TenantId, suspects: readonly Suspect[]): Promise<readonly Suspect[]> {
    let left = suspects;
    for await (const name of this.objects.documentNames(tenantId)) {
      const document = await this.objects.getDocument(tenantId, name);
      left = left.filter(({ digest }) => document?.bytes.includes(digest) !== true);
    }
    return left;
  }

  /** Alone with the tenant's objects: who is about to name one has either done so, or finds it gone. */
  private async remove(tx: Tx, sweep: ObjectSweep): Promise<void> {
    await this.sweeps.claimObjects(tx);
    const named = await this.sweeps.named(tx, digestsOf(sweep.suspects));
    const unnamed = unnamedOf(sweep).filter(({ digest }) => !named.has(digest));
    const doomed = unnamed.length === 0 ? [] : await this.withoutThoseInDocuments(tx.tenantId, unnamed);
    const removed: Suspect[] = [];
    for (let at = 0; at < doomed.length; at += DELETIONS_AT_ONCE)
      await Promise.all(
        doomed.slice(at, at + DELETIONS_AT_ONCE).map(async (suspect) => {
          if (await this.objects.deleteUnchanged(tx.tenantId, suspect)) removed.push(suspect);
        }),
      );
    if (removed.length === 0) return;
    const sizeBytes = removed.reduce((sum, suspect) => sum + suspect.sizeBytes, 0);
    const removedAt = new Date(this.clock.nowMs()).toISOString();
    const { sweepId } = sweep;
    await tx.emit(objectsRemovedV1, {
      tenantId: tx.tenantId,
      sweepId,
      digests: digestsOf(removed),
      sizeBytes,
      removedAt,
    });
    tx.afterCommit(() => {
      removedObjects.add(removed.length);
      removedBytes.add(sizeBytes);
    });
  }
}

const digestsOf = (suspects: readonly Suspect[]): Digest[] => suspects.map(({ digest }) => digest);

async function* batchesOf(objects: AsyncIterable<Suspect>): AsyncGenerator<readonly Suspect[], void> {
  let batch: Suspect[] = [];
  for await (const object of objects) {
    batch.push(object);
    if (batch.length < SUSPECTS_AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
