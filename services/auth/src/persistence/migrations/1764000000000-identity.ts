import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Identity1764000000000 implements MigrationInterface {
  readonly name = 'Identity1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE tenant (
        tenant_id    text PRIMARY KEY,
        display_name text NOT NULL,
        status       text NOT NULL CHECK (status IN ('active', 'suspended')),
        rate_limit   jsonb NOT NULL,
        generation   int NOT NULL,
        created_at   timestamptz NOT NULL
      )`);
    await queryRunner.query(`
      CREATE TABLE principal (
        tenant_id    text NOT NULL,
        principal_id text NOT NULL,
        kind         text NOT NULL CHECK (kind IN ('user', 'service-account')),
        name         text NOT NULL,
        status       text NOT NULL CHECK (status IN ('active', 'disabled')),
        bindings     jsonb NOT NULL,
        generation   int NOT NULL,
        created_at   timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, principal_id)
      )`);
    await queryRunner.query('CREATE INDEX principal_name ON principal (tenant_id, name, principal_id)');
    await queryRunner.query(`
      CREATE TABLE api_key (
        tenant_id    text NOT NULL,
        key_id       text NOT NULL,
        prefix       text NOT NULL UNIQUE,
        hash         text NOT NULL,
        principal_id text NOT NULL,
        scopes       text[] NOT NULL,
        expires_at   timestamptz,
        revoked_at   timestamptz,
        created_by   text NOT NULL,
        created_at   timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, key_id),
        FOREIGN KEY (tenant_id, principal_id) REFERENCES principal (tenant_id, principal_id)
      )`);
    await queryRunner.query('CREATE INDEX api_key_principal ON api_key (tenant_id, principal_id, key_id)');
    await queryRunner.query(`
      CREATE TABLE signing_key (
        tenant_id          text NOT NULL,
        kid                text NOT NULL,
        public_jwk         jsonb NOT NULL,
        sealed_private_key text NOT NULL,
        active_from        timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, kid)
      )`);
    await queryRunner.query('CREATE TABLE announced_roles (tenant_id text PRIMARY KEY, digest text NOT NULL)');
    for (const table of ['announced_roles', 'tenant', 'principal', 'api_key', 'signing_key'])
      await tenantTable(queryRunner, table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE announced_roles, signing_key, api_key, principal, tenant');
  }
}
