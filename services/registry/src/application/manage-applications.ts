import { applicationChangedV1 } from '@myriad/contracts';
import { type Clock, type Page, type PageRequest, type RequestContext, newId } from '@myriad/kernel';
import { type Tx, UnitOfWork } from '@myriad/persistence';
import { Inject, Injectable } from '@nestjs/common';
import type { Application } from '../domain/application.js';
import { registryProblem } from '../domain/registry-problem.js';
import { APPLICATION_STORE, type ApplicationStore, CLOCK } from './ports.js';

/** Applications are the platform's; every tenant may read them. */
@Injectable()
export class ManageApplications {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(APPLICATION_STORE) private readonly applications: ApplicationStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {ProblemError} `registry.application_exists`. */
  async create(
    ctx: RequestContext,
    spec: Omit<Application, 'applicationId' | 'generation' | 'createdAt'>,
  ): Promise<Application> {
    const application: Application = {
      ...spec,
      applicationId: newId('app', this.clock),
      generation: 1,
      createdAt: new Date(this.clock.nowMs()),
    };
    return this.work.run(ctx, async (tx) => {
      if (!(await this.applications.insert(tx, application)))
        throw registryProblem('conflict', 'application_exists', `there is an application '${spec.name}' already`);
      await announce(tx, application);
      return application;
    });
  }

  /** @throws {ProblemError} `registry.application_not_found`. */
  async update(
    ctx: RequestContext,
    name: string,
    change: { readonly recipe?: string | null | undefined; readonly suite?: string | null | undefined },
  ): Promise<Application> {
    return this.work.run(ctx, async (tx) => {
      const { recipe, suite, generation, ...rest } = known(await this.applications.lock(tx, name), name);
      const changed: Application = {
        ...rest,
        recipe: change.recipe === undefined ? recipe : change.recipe,
        suite: change.suite === undefined ? suite : change.suite,
        generation: generation + 1,
      };
      await this.applications.update(tx, changed);
      await announce(tx, changed);
      return changed;
    });
  }

  /** For who is about to name it. @throws {ProblemError} `registry.application_not_found`. */
  async refuseUnknown(name: string): Promise<void> {
    const found = await this.work.runAcrossTenants('registry: applications are shown to every tenant', (tx) =>
      this.applications.find(tx, name),
    );
    if (!found)
      throw registryProblem('not-found', 'application_not_found', `there is no application '${name}'`, {
        errors: [{ pointer: '/application', detail: `'${name}' is not known` }],
      });
  }

  list(page: PageRequest): Promise<Page<Application>> {
    return this.work.runAcrossTenants('registry: applications are shown to every tenant', (tx) =>
      this.applications.list(tx, page),
    );
  }

  /** @throws {ProblemError} `registry.application_not_found`. */
  get(name: string): Promise<Application> {
    return this.work.runAcrossTenants('registry: applications are shown to every tenant', async (tx) =>
      known(await this.applications.find(tx, name), name),
    );
  }
}

function known(application: Application | undefined, name: string): Application {
  if (!application) throw registryProblem('not-found', 'application_not_found', `there is no application '${name}'`);
  return application;
}

async function announce(tx: Tx, application: Application): Promise<void> {
  const { applicationId, name, task, features, label, recipe, suite, generation } = application;
  await tx.emit(applicationChangedV1, {
    applicationId,
    name,
    task,
    features: features.map((feature) => ({ ...feature })),
    label,
    recipe,
    suite,
    generation,
  });
}
