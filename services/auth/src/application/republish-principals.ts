import { ROLES, principalChangedV1 } from '@myriad/contracts';
import { digestOfJson, systemContext } from '@myriad/kernel';
import { UnitOfWork, type Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { changePrincipal } from '../domain/principal.js';
import { principalChanged } from './event-data.js';
import { PrincipalStore } from './ports/principal.store.js';

/** Principals announced in one transaction. */
const BATCH = 200;

/** Announces every principal again when a release gives roles other permissions: readers hold what was announced last. */
@Injectable()
export class RepublishPrincipals {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly principals: PrincipalStore,
  ) {}

  /** Answers whether roles had changed. A start that is cut short begins again next time. */
  async execute(): Promise<boolean> {
    const digest = digestOfJson(ROLES);
    const known = await this.uow.run(systemContext('auth'), (tx) => this.principals.announcedRoles(tx));
    if (known === digest) return false;
    if (known !== undefined) await this.announceAll();
    await this.uow.run(systemContext('auth'), (tx) => this.principals.setAnnouncedRoles(tx, digest));
    return known !== undefined;
  }

  private async announceAll(): Promise<void> {
    let after: string | undefined = '';
    while (after !== undefined) {
      const from: string = after;
      after = await this.uow.runAcrossTenants('roles have other permissions', (tx) => this.announce(tx, from));
    }
  }

  /** The id of the last one announced, or undefined when there are no more. */
  private async announce(tx: Tx, after: string): Promise<string | undefined> {
    const found = await this.principals.lockAfter(tx, after, BATCH);
    for (const principal of found) {
      const next = changePrincipal(principal, {});
      await this.principals.update(tx, next);
      await tx.emit(principalChangedV1, principalChanged(next), { tenantId: principal.homeTenantId });
    }
    return found.at(-1)?.principalId;
  }
}
