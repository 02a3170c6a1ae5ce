import { recipeChangedV1 } from '@myriad/contracts';
import {
  type Clock,
  PLATFORM_TENANT,
  type Page,
  type PageRequest,
  type RequestContext,
  canonicalJson,
  digestOf,
  newId,
} from '@myriad/kernel';
import { UnitOfWork } from '@myriad/persistence';
import type { ObjectStore } from '@myriad/storage';
import { Inject, Injectable } from '@nestjs/common';
import type { Recipe } from '../domain/recipe.js';
import { trainingProblem } from '../domain/training-problem.js';
import { CLOCK, OBJECT_STORE, PARAMETER_CHECK, type ParameterCheck, RECIPE_STORE, type RecipeStore } from './ports.js';

/** Recipes are the platform's; every tenant may read and use them. */
@Injectable()
export class ManageRecipes {
  constructor(
    private readonly work: UnitOfWork,
    @Inject(RECIPE_STORE) private readonly recipes: RecipeStore,
    @Inject(PARAMETER_CHECK) private readonly check: ParameterCheck,
    @Inject(OBJECT_STORE) private readonly objects: ObjectStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Adds a recipe; an equal one gives the version that is there, a changed one the next. @throws {ProblemError} `training.parameter_schema_invalid`. */
  async create(
    ctx: RequestContext,
    spec: {
      readonly name: string;
      readonly source: string;
      readonly entryPoint: string;
      readonly parameterSchema: Record<string, unknown>;
    },
  ): Promise<Recipe> {
    this.check.assertSchema(spec.parameterSchema);
    const sourceDigest = digestOf(spec.source);
    await this.objects.put(PLATFORM_TENANT, Buffer.from(spec.source), { expectedDigest: sourceDigest });
    return this.work.run(ctx, async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`recipe/${spec.name}`]);
      const newest = await this.recipes.newest(tx, spec.name);
      const { name, entryPoint, parameterSchema } = spec;
      if (
        newest &&
        newest.sourceDigest === sourceDigest &&
        newest.entryPoint === entryPoint &&
        canonicalJson(newest.parameterSchema) === canonicalJson(parameterSchema)
      )
        return newest;
      const recipe: Recipe = {
        name,
        entryPoint,
        parameterSchema,
        sourceDigest,
        recipeId: newest?.recipeId ?? newId('rcp', this.clock),
        version: (newest?.version ?? 0) + 1,
        createdAt: new Date(this.clock.nowMs()),
      };
      await this.recipes.insert(tx, recipe);
      const { createdAt: _createdAt, ...told } = recipe;
      await tx.emit(recipeChangedV1, told);
      return recipe;
    });
  }

  list(page: PageRequest): Promise<Page<Recipe>> {
    return this.work.runAcrossTenants('training: recipes are shown to every tenant', (tx) =>
      this.recipes.list(tx, page),
    );
  }

  /** @throws {ProblemError} `training.recipe_not_found`. */
  async get(name: string, version?: number): Promise<Recipe> {
    const recipe = await this.work.runAcrossTenants('training: recipes are shown to every tenant', (tx) =>
      version === undefined ? this.recipes.newest(tx, name) : this.recipes.find(tx, name, version),
    );
    if (!recipe)
      throw trainingProblem(
        'not-found',
        'recipe_not_found',
        `there is no recipe '${name}'${version === undefined ? '' : ` version ${version}`}`,
      );
    return recipe;
  }
}
