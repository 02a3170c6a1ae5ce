import { versionAdmittedV1, versionRejectedV1, versionReviewRequestedV1 } from '@myriad/contracts';
import {
  type Clock,
  type Digest,
  type Owned,
  ProblemError,
  type TenantId,
  canonicalJson,
  systemContext,
} from '@myriad/kernel';
import { type Tx, UnitOfWork, isOutage, waitOutOutage } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import { Inject, Injectable } from '@nestjs/common';
import { oddities } from '../domain/admission-policy.js';
import { type AdmissionReport, type ModelVersion, type Reason, admissionLifecycle } from '../domain/model.js';
import {
  CLOCK,
  MODEL_INSPECTOR,
  type ModelInspection,
  type ModelInspector,
  OBJECT_STORE,
  VERSION_STORE,
  type VersionStore,
} from './ports.js';
import { Uploads } from './uploads.js';

/** A worker that says nothing for this long is taken for dead, and its version is looked at again. */
const STALE_MS = 120_000;
const MAX_ATTEMPTS = 3;
const MAX_PARITY_BYTES = 16 * 1024 * 1024;
const REVIEW_DAYS = 30;

/** A version that this worker has claimed; a database that is away is not waited for any more after `shutdown`. */
interface Held {
  readonly version: Owned<ModelVersion>;
  readonly shutdown: AbortSignal | undefined;
}

/** Looks at registered versions and admits, refuses, or puts them before a person. */
@Injectable()
export class AdmitVersion {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(VERSION_STORE) private readonly versions: VersionStore,
    @Inject(MODEL_INSPECTOR) private readonly inspector: ModelInspector,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    private readonly uploads: Uploads,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Takes the next registered version; false when there is none. */
  async execute(shutdown?: AbortSignal): Promise<boolean> {
    const now = new Date(this.clock.nowMs());
    const claimed = await this.work.runAcrossTenants('registry: claim the next version to admit', (tx) =>
      this.versions.claim(tx, now, new Date(now.getTime() - STALE_MS)),
    );
    if (!claimed) return false;
    const held: Held = { version: claimed, shutdown };
    // a version that took its workers down with it is not looked at again
    if (claimed.attempt > MAX_ATTEMPTS) await this.giveUp(held, 'its worker was lost each time');
    else
      await this.judge(held).catch((error: unknown) => {
        // a database that was away is no fault of the version
        if (claimed.attempt < MAX_ATTEMPTS || isOutage(error)) throw error;
        return this.giveUp(held, error instanceof Error ? error.message : String(error));
      });
    return true;
  }

  /** What a person said of a version that waited; anything else changes nothing. */
  async onReview(
    tx: Tx,
    review: {
      readonly versionId: string;
      readonly reviewDigest: Digest;
      readonly isApproved: boolean;
      readonly decidedBy: string;
      readonly comment: string;
    },
  ): Promise<void> {
    const version = await this.versions.findById(tx, review.versionId);
    if (version?.status !== 'awaiting-review' || version.reviewDigest !== review.reviewDigest) return;
    const refusal: Reason = {
      code: 'registry.review_rejected',
      detail: `${review.decidedBy} refused it${review.comment === '' ? '' : `: ${review.comment}`}`,
    };
    const reasons = review.isApproved ? version.reasons : [...version.reasons, refusal];
    await this.write(tx, { ...version, reasons }, review.isApproved ? 'admitted' : 'rejected');
  }

  private giveUp(held: Held, detail: string): Promise<void> {
    const reason = {
      code: 'registry.admission_failed',
      detail: `could not be looked at, ${MAX_ATTEMPTS} times: ${detail}`,
    };
    return this.settle(held, { ...blankReport, reasons: [reason] }, 'rejected', null);
  }

  private async judge(held: Held): Promise<void> {
    const { version } = held;
    const inspected = await this.inspect(version);
    if (inspected.isRefused) return this.settle(held, inspected.report, 'rejected', null);
    await this.storeParts(version.tenantId, inspected);
    const odd = oddities(inspected.report);
    if (odd.length === 0) return this.settle(held, inspected.report, 'admitted', null);
    const report = { ...inspected.report, reasons: odd };
    const { versionId, modelName, version: number, artifactDigest } = version;
    const evidence = canonicalJson({
      kind: 'version-review',
      tenantId: version.tenantId,
      versionId,
      modelName,
      version: number,
      artifactDigest,
      report,
    });
    const { digest } = await this.objects.put(version.tenantId, Buffer.from(evidence));
    return this.settle(held, report, 'awaiting-review', digest);
  }

  /** Before a row names them: what is left when that fails is collected as nobody's. */
  private async storeParts(tenantId: TenantId, { report, parts }: ModelInspection): Promise<void> {
    const split = report.serving?.split;
    if (!parts || !split) return;
    await this.objects.put(tenantId, parts.skeleton, { expectedDigest: split.skeletonDigest });
    await this.objects.put(tenantId, parts.weights, { expectedDigest: split.weightsDigest });
  }

  private async inspect(version: Owned<ModelVersion>): Promise<ModelInspection> {
    const { tenantId, artifactDigest, parityDigest } = version;
    try {
      const parity =
        parityDigest === null ? undefined : await this.objects.getBytes(tenantId, parityDigest, MAX_PARITY_BYTES);
      return await this.objects.withLocalFile(tenantId, artifactDigest, (path) =>
        this.inspector.inspect({ path, digest: artifactDigest }, parity),
      );
    } catch (error) {
      if (!(error instanceof ProblemError) || error.retryable || error.kind === 'internal') throw error;
      return { report: { ...blankReport, reasons: [{ code: error.code, detail: error.message }] }, isRefused: true };
    }
  }

  private async settle(
    { version: claimed, shutdown }: Held,
    report: AdmissionReport,
    status: Exclude<ModelVersion['status'], 'pending'>,
    reviewDigest: Digest | null,
  ): Promise<void> {
    const ifHeld = async (tx: Tx): Promise<void> => {
      const current = await this.versions.findById(tx, claimed.versionId);
      if (current?.status !== 'pending' || current.attempt !== claimed.attempt) return;
      const split = report.serving?.split;
      if (split) await this.uploads.keep(tx, [split.skeletonDigest, split.weightsDigest]);
      await this.write(tx, { ...claimed, ...report, reviewDigest }, status);
    };
    const ctx = systemContext('registry', claimed.tenantId);
    await waitOutOutage(() => this.work.run(ctx, ifHeld), { signal: shutdown });
  }

  private async write(
    tx: Tx,
    version: ModelVersion,
    status: Exclude<ModelVersion['status'], 'pending'>,
  ): Promise<void> {
    const moved: ModelVersion = {
      ...version,
      status: admissionLifecycle.move(version.status, status),
      checkedAt: new Date(this.clock.nowMs()),
    };
    await this.versions.update(tx, moved);
    const { modelName, version: number, versionId, application } = moved;
    const about = { tenantId: tx.tenantId, modelName, version: number, versionId, application };
    const reasons = moved.reasons.map((reason) => ({ ...reason }));
    if (status === 'rejected') await tx.emit(versionRejectedV1, { ...about, runId: moved.lineage.runId, reasons });
    else if (status === 'awaiting-review')
      await tx.emit(versionReviewRequestedV1, { ...about, reasons, ...this.reviewOf(moved) });
    else await tx.emit(versionAdmittedV1, { ...about, ...admittedData(moved) });
  }

  private reviewOf({ reviewDigest, registeredBy }: ModelVersion): {
    evidenceDigest: Digest;
    requestedBy: string;
    expiresAt: string;
  } {
    if (reviewDigest === null) throw new TypeError('a version waits for a review without evidence');
    return {
      evidenceDigest: reviewDigest,
      requestedBy: registeredBy,
      expiresAt: new Date(this.clock.nowMs() + REVIEW_DAYS * 86_400_000).toISOString(),
    };
  }
}

const blankReport: AdmissionReport = {
  reasons: [],
  parity: null,
  signature: null,
  family: null,
  sizeClass: null,
  profile: null,
  serving: null,
};

function admittedData(version: ModelVersion): {
  artifactDigest: Digest;
  sizeBytes: number;
  parityDigest: Digest | null;
  lineage: Omit<ModelVersion['lineage'], 'parameters'>;
  serving: ModelVersion['serving'];
} & { [K in 'signature' | 'family' | 'sizeClass' | 'profile']: NonNullable<ModelVersion[K]> } {
  const { artifactDigest, sizeBytes, parityDigest, signature, family, sizeClass, profile, serving } = version;
  if (signature === null || family === null || sizeClass === null || profile === null)
    throw new TypeError(`version ${version.versionId} was admitted without a report`);
  const { parameters: _parameters, ...lineage } = version.lineage;
  return { artifactDigest, sizeBytes, parityDigest, signature, family, sizeClass, profile, serving, lineage };
}
