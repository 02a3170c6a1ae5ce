import type { Digest, Page, PageRequest } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { RecipeStore } from '../application/ports.js';
import type { Recipe } from '../domain/recipe.js';

interface RecipeRecord {
  recipe_id: string;
  name: string;
  version: number;
  source_digest: Digest;
  entry_point: string;
  parameter_schema: Record<string, unknown>;
  created_at: Date;
}

function toRecipe(row: RecipeRecord): Recipe {
  return {
    recipeId: row.recipe_id,
    name: row.name,
    version: row.version,
    sourceDigest: row.source_digest,
    entryPoint: row.entry_point,
    parameterSchema: row.parameter_schema,
    createdAt: row.created_at,
  };
}

@Injectable()
export class SqlRecipeStore implements RecipeStore {
  async newest(tx: Tx, name: string): Promise<Recipe | undefined> {
    const [row] = await tx.query<RecipeRecord>('SELECT * FROM recipe WHERE name = $1 ORDER BY version DESC LIMIT 1', [
      name,
    ]);
    return row && toRecipe(row);
  }

  async find(tx: Tx, name: string, version: number): Promise<Recipe | undefined> {
    const [row] = await tx.query<RecipeRecord>('SELECT * FROM recipe WHERE name = $1 AND version = $2', [
      name,
      version,
    ]);
    return row && toRecipe(row);
  }

  async insert(tx: Tx, recipe: Recipe): Promise<void> {
    await tx.query(
      'INSERT INTO recipe (tenant_id, name, version, recipe_id, source_digest, entry_point, parameter_schema, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)',
      [
        tx.tenantId,
        recipe.name,
        recipe.version,
        recipe.recipeId,
        recipe.sourceDigest,
        recipe.entryPoint,
        JSON.stringify(recipe.parameterSchema),
        recipe.createdAt,
      ],
    );
  }

  async list(tx: Tx, page: PageRequest): Promise<Page<Recipe>> {
    const rows = await tx.query<RecipeRecord>(
      'SELECT DISTINCT ON (name) * FROM recipe WHERE ($1::text IS NULL OR name > $1) ORDER BY name, version DESC LIMIT $2',
      [startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toRecipe, ({ name }) => name);
  }
}
