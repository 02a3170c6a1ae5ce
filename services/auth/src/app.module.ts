import { systemClock, type Clock } from '@myriad/kernel';
import { UnitOfWork, type Database } from '@myriad/persistence';
import type { Logger } from '@myriad/telemetry';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ExclusiveKeyFile } from './adapters/files/exclusive-key-file.js';
import { Es256TokenKeys } from './adapters/jose/es256-token-keys.js';
import { OidcIdentityProviders } from './adapters/oidc/oidc-identity-providers.js';
import type { ProviderSettings } from './adapters/oidc/provider-settings.js';
import { Sweeper } from './adapters/schedule/sweeper.js';
import { AdmitExternalUser } from './application/admit-external-user.js';
import { AuditTrail } from './application/audit-trail.js';
import { BootstrapPlatform } from './application/bootstrap-platform.js';
import { CallerRights } from './application/caller-rights.js';
import { CompleteLogin } from './application/complete-login.js';
import { CreatePrincipal } from './application/create-principal.js';
import { CreateTenant } from './application/create-tenant.js';
import { DecideApproval } from './application/decide-approval.js';
import { ExchangeIdToken } from './application/exchange-id-token.js';
import { ExpireApprovals } from './application/expire-approvals.js';
import { ExpireLogins } from './application/expire-logins.js';
import { FindApprovals } from './application/find-approvals.js';
import { FindAudit } from './application/find-audit.js';
import { FindKeys } from './application/find-keys.js';
import { FindLoginProviders } from './application/find-login-providers.js';
import { FindPrincipals } from './application/find-principals.js';
import { FindTenants } from './application/find-tenants.js';
import { FinishLogin } from './application/finish-login.js';
import { IdentityStores } from './application/identity-stores.js';
import { IssueKey } from './application/issue-key.js';
import { IssueToken } from './application/issue-token.js';
import { OpenApproval } from './application/open-approval.js';
import { OpenLogin } from './application/open-login.js';
import { ApprovalStore } from './application/ports/approval.store.js';
import { AuditStore } from './application/ports/audit.store.js';
import { BootstrapKeyFile } from './application/ports/bootstrap-key.port.js';
import { IdentityProviders } from './application/ports/identity-providers.port.js';
import { KeyStore } from './application/ports/key.store.js';
import { ExternalIdentityStore, LoginAttemptStore, LoginSessionStore } from './application/ports/login.store.js';
import { NamedObjects } from './application/ports/named-objects.js';
import { PurgeStore } from './application/ports/purge.store.js';
import { PrincipalStore } from './application/ports/principal.store.js';
import { SigningKeyStore } from './application/ports/signing-key.store.js';
import { TenantStore } from './application/ports/tenant.store.js';
import { TokenKeys } from './application/ports/token-keys.port.js';
import { RefreshLogin } from './application/refresh-login.js';
import { PurgeTenant } from './application/purge-tenant.js';
import { RepublishPrincipals } from './application/republish-principals.js';
import { RevokeKey } from './application/revoke-key.js';
import { RotateSigningKey } from './application/rotate-signing-key.js';
import { RotateTenantKey } from './application/rotate-tenant-key.js';
import { SigningKeys } from './application/signing-keys.js';
import { StartLogin } from './application/start-login.js';
import { CLOCK, SETTINGS, type AuthSettings } from './application/tokens.js';
import { UpdatePrincipal } from './application/update-principal.js';
import { UpdateTenant } from './application/update-tenant.js';
import { VoidApprovals } from './application/void-approvals.js';
import { ApprovalController } from './http/approval.controller.js';
import { AuditController } from './http/audit.controller.js';
import { KeyController } from './http/key.controller.js';
import { LoginController } from './http/login.controller.js';
import { PrincipalController } from './http/principal.controller.js';
import { TenantController } from './http/tenant.controller.js';
import { TenantKeyController } from './http/tenant-key.controller.js';
import { TokenController } from './http/token.controller.js';
import { ApprovalHandlers } from './messaging/approval.handlers.js';
import { AuditHandlers } from './messaging/audit.handlers.js';
import { ObjectHandlers } from './messaging/object.handlers.js';
import { PurgeHandlers } from './messaging/purge.handlers.js';
import { PgApprovalStore } from './persistence/pg-approval.store.js';
import { PgAuditStore } from './persistence/pg-audit.store.js';
import { PgExternalIdentityStore } from './persistence/pg-external-identity.store.js';
import { PgKeyStore } from './persistence/pg-key.store.js';
import { PgLoginAttemptStore } from './persistence/pg-login-attempt.store.js';
import { PgLoginSessionStore } from './persistence/pg-login-session.store.js';
import { PgPrincipalStore } from './persistence/pg-principal.store.js';
import { PgNamedObjects } from './persistence/pg-named-objects.js';
import { PgPurgeStore } from './persistence/pg-purge.store.js';
import { PgSigningKeyStore } from './persistence/pg-signing-key.store.js';
import { PgTenantStore } from './persistence/pg-tenant.store.js';

/** What is made outside of the module: by `main.ts`, or by a test. */
export interface AuthParts {
  readonly database: Database;
  readonly logger: Logger;
  readonly settings: AuthSettings & {
    readonly bootstrapKeyFile: string;
    /** What seals the private signing keys. */
    readonly sealingSecret: string;
    /** Pause between two looks for what has expired, milliseconds. */
    readonly sweepIntervalMs: number;
    readonly loginProviders: readonly ProviderSettings[];
  };
  readonly clock?: Clock;
}

const useCases = [
  AdmitExternalUser,
  AuditTrail,
  BootstrapPlatform,
  CallerRights,
  CompleteLogin,
  CreatePrincipal,
  CreateTenant,
  DecideApproval,
  ExchangeIdToken,
  ExpireApprovals,
  ExpireLogins,
  FindApprovals,
  FindAudit,
  FindKeys,
  FindLoginProviders,
  FindPrincipals,
  FindTenants,
  FinishLogin,
  IdentityStores,
  IssueKey,
  IssueToken,
  OpenApproval,
  OpenLogin,
  RefreshLogin,
  PurgeTenant,
  RepublishPrincipals,
  RevokeKey,
  RotateSigningKey,
  RotateTenantKey,
  SigningKeys,
  StartLogin,
  UpdatePrincipal,
  UpdateTenant,
  VoidApprovals,
];

const stores: Provider[] = [
  { provide: ApprovalStore, useClass: PgApprovalStore },
  { provide: AuditStore, useClass: PgAuditStore },
  { provide: ExternalIdentityStore, useClass: PgExternalIdentityStore },
  { provide: LoginAttemptStore, useClass: PgLoginAttemptStore },
  { provide: LoginSessionStore, useClass: PgLoginSessionStore },
  { provide: KeyStore, useClass: PgKeyStore },
  { provide: PrincipalStore, useClass: PgPrincipalStore },
  { provide: NamedObjects, useClass: PgNamedObjects },
  { provide: PurgeStore, useClass: PgPurgeStore },
  { provide: SigningKeyStore, useClass: PgSigningKeyStore },
  { provide: TenantStore, useClass: PgTenantStore },
];

function adapters({ database, logger, settings, clock = systemClock }: AuthParts): Provider[] {
  return [
    { provide: UnitOfWork, useValue: new UnitOfWork(database) },
    { provide: CLOCK, useValue: clock },
    { provide: SETTINGS, useValue: settings },
    { provide: TokenKeys, useValue: new Es256TokenKeys(settings.sealingSecret) },
    { provide: IdentityProviders, useValue: new OidcIdentityProviders(settings.loginProviders, clock, logger) },
    { provide: BootstrapKeyFile, useValue: new ExclusiveKeyFile(settings.bootstrapKeyFile) },
    {
      provide: Sweeper,
      inject: [ExpireApprovals, SigningKeys, ExpireLogins],
      useFactory: (expire: ExpireApprovals, keys: SigningKeys, logins: ExpireLogins) =>
        new Sweeper({
          sweeps: [
            { name: 'expire-approvals', run: () => expire.execute() },
            { name: 'retire-signing-keys', run: () => keys.retire() },
            { name: 'expire-logins', run: () => logins.execute() },
          ],
          clock,
          intervalMs: settings.sweepIntervalMs,
          logger,
        }),
    },
  ];
}

@Module({
  controllers: [
    ApprovalController,
    AuditController,
    KeyController,
    LoginController,
    PrincipalController,
    TenantController,
    TenantKeyController,
    TokenController,
    ApprovalHandlers,
    AuditHandlers,
    ObjectHandlers,
    PurgeHandlers,
  ],
})
export class AppModule {
  static with(parts: AuthParts): DynamicModule {
    return { module: AppModule, providers: [...useCases, ...stores, ...adapters(parts)] };
  }
}
