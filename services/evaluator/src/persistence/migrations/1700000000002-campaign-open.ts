import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A campaign that ended early stays open until the members that were on their way have arrived or failed. */
export class CampaignOpen1700000000002 implements MigrationInterface {
  readonly name = 'CampaignOpen1700000000002';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE campaign ADD COLUMN is_open boolean NOT NULL GENERATED ALWAYS AS (
      status IN ('collecting', 'awaiting-approval', 'approved', 'rolling-out')
      OR (status IN ('halted', 'cancelled') AND body @> '{"members": [{"state": "rolling-out"}]}')) STORED`);
    await runner.query('DROP INDEX campaign_open');
    await runner.query('CREATE INDEX campaign_open ON campaign (created_at) WHERE is_open');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE campaign DROP COLUMN is_open');
    await runner.query(
      "CREATE INDEX campaign_open ON campaign (created_at) WHERE status IN ('collecting', 'awaiting-approval', 'approved', 'rolling-out')",
    );
  }
}
