import { grantChangedV1, grantRequestedV1 } from '@myriad/contracts';
import { type Clock, type Digest, type Page, type RequestContext, newId, systemContext } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import { type Grant, type GrantStatus, type Purpose, grantEvidenceDigest, grantLifecycle } from '../domain/grant.js';
import { registryProblem } from '../domain/registry-problem.js';
import { CLOCK, DATASET_STORE, type DatasetStore, GRANT_STORE, type GrantFilter, type GrantStore } from './ports.js';

const HOUR_MS = 3_600_000;
const PER_ROUND = 200;

export interface GrantRequest {
  readonly datasetName: string;
  readonly principalId: string | undefined;
  readonly purpose: Purpose;
  readonly justification: string;
  readonly expiresInHours: number;
}

/** Requests for datasets, what becomes of them, and their end. */
@Injectable()
export class ManageGrants {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(GRANT_STORE) private readonly grants: GrantStore,
    @Inject(DATASET_STORE) private readonly datasets: DatasetStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `registry.dataset_not_found`. */
  async request(ctx: RequestContext, request: GrantRequest): Promise<Grant> {
    return this.work.run(ctx, async (tx) => {
      if (!(await this.datasets.find(tx, request.datasetName)))
        throw registryProblem(
          'not-found',
          'dataset_not_found',
          `${ctx.tenantId} has no dataset '${request.datasetName}'`,
        );
      const { datasetName, purpose, justification } = request;
      const nowMs = this.clock.nowMs();
      const asked = {
        grantId: newId('grt', this.clock),
        datasetName,
        purpose,
        justification,
        principalId: request.principalId ?? ctx.principal.id,
        requestedBy: ctx.principal.id,
        expiresAt: new Date(nowMs + request.expiresInHours * HOUR_MS),
      };
      const grant: Grant = {
        ...asked,
        status: grantLifecycle.initial,
        evidenceDigest: grantEvidenceDigest(ctx.tenantId, asked),
        requestedAt: new Date(nowMs),
        decidedBy: null,
      };
      await this.grants.insert(tx, grant);
      const { requestedAt: _requestedAt, status: _status, decidedBy: _decidedBy, ...told } = grant;
      await tx.emit(grantRequestedV1, { ...told, tenantId: ctx.tenantId, expiresAt: grant.expiresAt.toISOString() });
      return grant;
    });
  }

  list(ctx: RequestContext, filter: GrantFilter): Promise<Page<Grant>> {
    return this.work.run(ctx, (tx) => this.grants.list(tx, filter));
  }

  get(ctx: RequestContext, grantId: string): Promise<Grant> {
    return this.work.run(ctx, (tx) => this.found(tx, grantId));
  }

  /** @throws {ProblemError} `registry.grant_not_found`, `registry.grant.invalid_transition`. */
  revoke(ctx: RequestContext, grantId: string): Promise<Grant> {
    return this.work.run(ctx, async (tx) => this.move(tx, await this.found(tx, grantId), 'revoked', ctx.principal.id));
  }

  /** What the second person said; a decision on other evidence, or on a grant that is no longer open, changes nothing. */
  async onDecision(
    tx: Tx,
    decision: {
      readonly grantId: string;
      readonly evidenceDigest: Digest;
      readonly status: 'active' | 'rejected';
      readonly decidedBy: string;
    },
  ): Promise<void> {
    const grant = await this.grants.find(tx, decision.grantId);
    if (grant?.status !== 'pending' || grant.evidenceDigest !== decision.evidenceDigest) return;
    await this.move(tx, grant, decision.status, decision.decidedBy);
  }

  /** The approval no longer counts: a request is refused, and what it gave is taken back. */
  async onVoid(tx: Tx, approval: { readonly grantId: string; readonly evidenceDigest: Digest }): Promise<void> {
    const grant = await this.grants.find(tx, approval.grantId);
    if (grant?.evidenceDigest !== approval.evidenceDigest || grantLifecycle.isFinal(grant.status)) return;
    await this.move(tx, grant, grant.status === 'pending' ? 'rejected' : 'revoked', grant.decidedBy);
  }

  /** Ends what is over; returns how many. */
  async expire(): Promise<number> {
    const now = new Date(this.clock.nowMs());
    const overdue = await this.work.runAcrossTenants('registry: find grants whose time is over', (tx) =>
      this.grants.overdue(tx, now, PER_ROUND),
    );
    for (const { tenantId, grantId } of overdue) {
      await this.work.run(systemContext('registry', tenantId), async (tx) => {
        const grant = await this.grants.find(tx, grantId);
        if (grant && grantLifecycle.can(grant.status, 'expired'))
          await this.move(tx, grant, 'expired', grant.decidedBy);
      });
    }
    return overdue.length;
  }

  private async move(
    tx: Tx,
    grant: Grant,
    status: Exclude<GrantStatus, 'pending'>,
    decidedBy: string | null,
  ): Promise<Grant> {
    grantLifecycle.move(grant.status, status);
    const moved: Grant = { ...grant, status, decidedBy };
    await this.grants.update(tx, moved);
    const { grantId, datasetName, principalId, purpose, expiresAt } = moved;
    await tx.emit(grantChangedV1, {
      grantId,
      tenantId: tx.tenantId,
      datasetName,
      principalId,
      purpose,
      status,
      expiresAt: expiresAt.toISOString(),
    });
    return moved;
  }

  private async found(tx: Tx, grantId: string): Promise<Grant> {
    const grant = await this.grants.find(tx, grantId);
    if (!grant) throw registryProblem('not-found', 'grant_not_found', `there is no grant '${grantId}' here`);
    return grant;
  }
}
