import { tenantTable } from '@myriad/persistence';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rollouts, placements, pools and the cost ledger. */
export class Deployer1700000000001 implements MigrationInterface {
  readonly name = 'Deployer1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE rollout (
      tenant_id text NOT NULL,
      rollout_id text NOT NULL,
      environment text NOT NULL,
      model_name text NOT NULL,
      promotion_id text,
      target jsonb NOT NULL,
      previous jsonb,
      generation integer NOT NULL,
      status text NOT NULL,
      reason text NOT NULL,
      created_at timestamptz NOT NULL,
      ended_at timestamptz,
      PRIMARY KEY (tenant_id, rollout_id))`);
    await runner.query(
      'CREATE UNIQUE INDEX rollout_promotion ON rollout (tenant_id, promotion_id) WHERE promotion_id IS NOT NULL',
    );
    await runner.query("CREATE INDEX rollout_progressing ON rollout (created_at) WHERE status = 'progressing'");
    await tenantTable(runner, 'rollout');
    await runner.query(`CREATE TABLE placement (
      tenant_id text NOT NULL,
      environment text NOT NULL,
      model_name text NOT NULL,
      generation integer NOT NULL,
      status text NOT NULL,
      served jsonb NOT NULL,
      pool text NOT NULL,
      rollout_id text NOT NULL,
      changed_at timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, environment, model_name))`);
    await runner.query("CREATE INDEX placement_pool ON placement (environment, pool) WHERE status = 'active'");
    await tenantTable(runner, 'placement');
    await runner.query(`CREATE TABLE pool (
      tenant_id text NOT NULL,
      environment text NOT NULL,
      pool text NOT NULL,
      status text NOT NULL,
      replicas jsonb NOT NULL,
      reason text NOT NULL,
      generation integer NOT NULL,
      changed_at timestamptz NOT NULL,
      PRIMARY KEY (tenant_id, environment, pool))`);
    await tenantTable(runner, 'pool');
    await runner.query(`CREATE TABLE cost_hour (
      tenant_id text NOT NULL,
      hour timestamptz NOT NULL,
      kind text NOT NULL,
      quantity double precision NOT NULL,
      PRIMARY KEY (tenant_id, hour, kind))`);
    await tenantTable(runner, 'cost_hour');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE cost_hour, pool, placement, rollout');
  }
}
