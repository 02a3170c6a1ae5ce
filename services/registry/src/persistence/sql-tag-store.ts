import type { Tx } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { TagOwner, TagStore } from '../application/ports.js';
import type { TagChange } from '../domain/model.js';

/** The table of an owner's tags, the columns of its key, what they hold, and the places of these in a statement. */
interface Place {
  readonly table: string;
  readonly columns: string;
  readonly key: readonly unknown[];
  readonly places: string;
}

function placeOf(tx: Tx, { modelName, version }: TagOwner): Place {
  if (version === undefined)
    return {
      table: 'model_tag',
      columns: 'tenant_id, model_name',
      key: [tx.tenantId, modelName],
      places: '$1::text, $2::text',
    };
  return {
    table: 'version_tag',
    columns: 'tenant_id, model_name, version',
    key: [tx.tenantId, modelName, version],
    places: '$1::text, $2::text, $3::int',
  };
}

@Injectable()
export class SqlTagStore implements TagStore {
  async change(tx: Tx, owner: TagOwner, { set, remove }: TagChange): Promise<number> {
    const { table, columns, key, places } = placeOf(tx, owner);
    const [first, second] = [`$${key.length + 1}`, `$${key.length + 2}`];
    const isOwners = `(${columns}) = (${places})`;
    if (remove.length > 0)
      await tx.query(`DELETE FROM ${table} WHERE ${isOwners} AND key = ANY(${first})`, [...key, remove]);
    if (Object.keys(set).length > 0)
      await tx.query(
        `INSERT INTO ${table} (${columns}, key, value) SELECT ${places}, key, value FROM unnest(${first}::text[], ${second}::text[]) AS tag (key, value)
         ON CONFLICT (${columns}, key) DO UPDATE SET value = excluded.value`,
        [...key, Object.keys(set), Object.values(set)],
      );
    const [row] = await tx.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM ${table} WHERE ${isOwners}`,
      key,
    );
    return row?.count ?? 0;
  }
}
