import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ApprovalsAndAudit1764000000001 implements MigrationInterface {
  readonly name = 'ApprovalsAndAudit1764000000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE approval (
        tenant_id       text NOT NULL,
        approval_id     text NOT NULL,
        kind            text NOT NULL CHECK (kind IN ('grant', 'version-review', 'promotion', 'campaign')),
        subject_id      text NOT NULL,
        evidence_digest text NOT NULL,
        summary         text NOT NULL,
        requested_by    text NOT NULL,
        parties         text[] NOT NULL,
        status          text NOT NULL CHECK (status IN ('pending', 'approved', 'rejected', 'void', 'expired')),
        created_at      timestamptz NOT NULL,
        expires_at      timestamptz NOT NULL,
        decided_by      text,
        decided_at      timestamptz,
        comment         text,
        PRIMARY KEY (tenant_id, approval_id)
      )`);
    await queryRunner.query('CREATE INDEX approval_subject ON approval (tenant_id, kind, subject_id)');
    await queryRunner.query(`CREATE INDEX approval_due ON approval (expires_at) WHERE status = 'pending'`);
    // details is text: the very canonical JSON that is hashed.
    await queryRunner.query(`
      CREATE TABLE audit_record (
        tenant_id     text NOT NULL,
        seq           bigint NOT NULL,
        actor         text NOT NULL,
        action        text NOT NULL,
        object        text NOT NULL,
        at            text NOT NULL,
        details       text NOT NULL,
        previous_hash text NOT NULL,
        hash          text NOT NULL,
        PRIMARY KEY (tenant_id, seq)
      )`);
    await queryRunner.query(`
      CREATE TABLE audit_head (
        tenant_id text PRIMARY KEY,
        seq       bigint NOT NULL,
        hash      text NOT NULL
      )`);
    for (const table of ['approval', 'audit_record', 'audit_head']) await tenantTable(queryRunner, table);
    await queryRunner.query(`
      CREATE FUNCTION refuse_to_change_audit() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'the audit chain is append-only' USING ERRCODE = 'insufficient_privilege';
      END $$`);
    await queryRunner.query(`
      CREATE TRIGGER audit_record_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_record
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit()`);
    await queryRunner.query(`
      CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE audit_head, audit_record, approval');
    await queryRunner.query('DROP FUNCTION refuse_to_change_audit');
  }
}
