import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Logins1764000000002 implements MigrationInterface {
  readonly name = 'Logins1764000000002';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE principal ADD COLUMN group_bindings jsonb NOT NULL DEFAULT '[]'`);
    await queryRunner.query(`
      CREATE TABLE external_identity (
        tenant_id    text NOT NULL,
        issuer       text NOT NULL,
        subject      text NOT NULL,
        principal_id text NOT NULL,
        PRIMARY KEY (tenant_id, issuer, subject)
      )`);
    await queryRunner.query(`
      CREATE TABLE login_attempt (
        tenant_id      text NOT NULL,
        state_hash     text NOT NULL,
        provider       text NOT NULL,
        redirect_uri   text NOT NULL,
        code_challenge text NOT NULL,
        nonce          text NOT NULL,
        expires_at     timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, state_hash)
      )`);
    await queryRunner.query(`
      CREATE TABLE spent_id_token (
        tenant_id  text NOT NULL,
        token_hash text NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, token_hash)
      )`);
    // The hashes are of random tokens, so their uniqueness over all tenants tells nothing.
    await queryRunner.query(`
      CREATE TABLE login_session (
        tenant_id     text NOT NULL,
        session_id    text NOT NULL,
        principal_id  text NOT NULL,
        provider      text NOT NULL,
        token_hash    text NOT NULL UNIQUE,
        previous_hash text UNIQUE,
        rotated_at    timestamptz NOT NULL,
        created_at    timestamptz NOT NULL,
        expires_at    timestamptz NOT NULL,
        PRIMARY KEY (tenant_id, session_id),
        FOREIGN KEY (tenant_id, principal_id) REFERENCES principal (tenant_id, principal_id)
      )`);
    for (const table of ['login_attempt', 'spent_id_token', 'login_session'])
      await queryRunner.query(`CREATE INDEX ${table}_expiry ON ${table} (expires_at)`);
    for (const table of ['external_identity', 'login_attempt', 'spent_id_token', 'login_session'])
      await tenantTable(queryRunner, table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE login_session, spent_id_token, login_attempt, external_identity');
    await queryRunner.query('ALTER TABLE principal DROP COLUMN group_bindings');
  }
}
