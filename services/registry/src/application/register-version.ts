import { versionRegisteredV1 } from '@myriad/contracts';
import { type Clock, type Digest, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import type { ObjectStore, PresignedUrl } from '@myriad/storage';
import { Inject, Injectable } from '@nestjs/common';
import { type Lineage, type ModelVersion, admissionLifecycle } from '../domain/model.js';
import { ManageApplications } from './manage-applications.js';
import { CLOCK, MODEL_STORE, type ModelStore, OBJECT_STORE, VERSION_STORE, type VersionStore } from './ports.js';
import { Uploads } from './uploads.js';

const UPLOAD_SECONDS = 3600;

export interface NewVersion {
  readonly modelName: string;
  readonly application: string | null;
  readonly artifactDigest: Digest;
  readonly parityDigest: Digest | null;
  readonly sizeBytes: number;
  readonly lineage: Lineage;
  readonly registeredBy: string;
}

/** Registers versions: of a finished run, or of an uploaded file. Admission follows. */
@Injectable()
export class RegisterVersion {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(MODEL_STORE) private readonly models: ModelStore,
    @Inject(VERSION_STORE) private readonly versions: VersionStore,
    private readonly applications: ManageApplications,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    private readonly uploads: Uploads,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  presignUpload(
    ctx: RequestContext,
    file: { readonly digest: Digest; readonly sizeBytes: number },
  ): Promise<PresignedUrl> {
    return this.objects.presignUpload(ctx.tenantId, file.digest, file.sizeBytes, UPLOAD_SECONDS);
  }

  /** @throws {ProblemError} `registry.upload_not_found`, `registry.application_not_found`. */
  async onRequest(
    ctx: RequestContext,
    request: {
      readonly modelName: string;
      readonly application: string | undefined;
      readonly artifactDigest: Digest;
      readonly parityDigest: Digest | undefined;
    },
  ): Promise<ModelVersion> {
    const { application } = request;
    if (application !== undefined) await this.applications.refuseUnknown(application);
    const { artifactDigest, parityDigest } = request;
    const { sizeBytes } = await this.uploads.confirm(ctx, artifactDigest);
    if (parityDigest !== undefined) await this.uploads.confirm(ctx, parityDigest);
    const lineage: Lineage = { runId: null, fleetRunId: null, datasetDigests: [], recipeDigest: null, parameters: {} };
    const { modelName } = request;
    return this.work.run(ctx, async (tx) => {
      await this.uploads.keep(tx, parityDigest === undefined ? [artifactDigest] : [artifactDigest, parityDigest]);
      return this.register(tx, {
        modelName,
        application: application ?? null,
        artifactDigest,
        parityDigest: parityDigest ?? null,
        sizeBytes,
        lineage,
        registeredBy: ctx.principal.id,
      });
    });
  }

  /** The version of a finished run; a run gives one version, however often it is told. */
  async onRun(tx: Tx, version: NewVersion & { readonly lineage: Lineage & { readonly runId: string } }): Promise<void> {
    if (!(await this.versions.findByRun(tx, version.lineage.runId))) await this.register(tx, version);
  }

  private async register(tx: Tx, spec: NewVersion): Promise<ModelVersion> {
    const now = new Date(this.clock.nowMs());
    const number = await this.models.nextVersion(tx, {
      modelId: newId('mdl', this.clock),
      name: spec.modelName,
      application: spec.application,
      description: null,
      createdAt: now,
    });
    const version: ModelVersion = {
      ...spec,
      version: number,
      versionId: newId('ver', this.clock),
      description: null,
      tags: {},
      status: admissionLifecycle.initial,
      attempt: 0,
      checkedAt: null,
      reviewDigest: null,
      reasons: [],
      parity: null,
      signature: null,
      family: null,
      sizeClass: null,
      profile: null,
      serving: null,
      registeredAt: now,
    };
    await this.versions.insert(tx, version);
    const { modelName, versionId, application, artifactDigest, sizeBytes } = version;
    const { parameters: _parameters, ...lineage } = version.lineage;
    await tx.emit(versionRegisteredV1, {
      tenantId: tx.tenantId,
      modelName,
      version: number,
      versionId,
      application,
      artifactDigest,
      sizeBytes,
      lineage,
    });
    return version;
  }
}
