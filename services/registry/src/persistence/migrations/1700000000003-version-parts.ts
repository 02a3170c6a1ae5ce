import type { MigrationInterface, QueryRunner } from 'typeorm';

const PARTS = { skeleton: 'skeletonDigest', weights: 'weightsDigest' } as const;

/** Finds versions by the objects that they are served from: a look for objects that no row names asks for hundreds at once. */
export class VersionParts1700000000003 implements MigrationInterface {
  readonly name = 'VersionParts1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const [part, member] of Object.entries(PARTS))
      await runner.query(
        `CREATE INDEX model_version_${part} ON model_version (tenant_id, (report->'serving'->'split'->>'${member}'))`,
      );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const part of Object.keys(PARTS)) await runner.query(`DROP INDEX model_version_${part}`);
  }
}
