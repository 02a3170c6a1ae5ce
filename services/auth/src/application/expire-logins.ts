import { systemContext } from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import { AuditTrail } from './audit-trail.js';
import { LoginAttemptStore, LoginSessionStore } from './ports/login.store.js';

/** Forgets logins that were never ended or are over. */
@Injectable()
export class ExpireLogins {
  constructor(
    private readonly uow: UnitOfWork,
    private readonly attempts: LoginAttemptStore,
    private readonly sessions: LoginSessionStore,
    private readonly audit: AuditTrail,
  ) {}

  async execute(): Promise<void> {
    const now = this.audit.now();
    await this.uow.run(systemContext('auth'), (tx) => this.attempts.removeExpired(tx, now));
    await this.uow.runAcrossTenants('logins expire in every tenant', (tx) => this.sessions.removeExpired(tx, now));
  }
}
