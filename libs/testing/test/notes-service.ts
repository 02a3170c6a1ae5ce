import {
  aliasMovedV1,
  defineRoute,
  tenantChangedV1,
  type CloudEvent,
  type EventData,
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams } from '@myriad/http';
import { ProblemError, type RequestContext } from '@myriad/kernel';
import { HandleEvent } from '@myriad/messaging';
import { Database, UnitOfWork, infrastructureMigration, tenantTable, type DatabaseOptions } from '@myriad/persistence';
import { Controller, Inject, Module, type DynamicModule } from '@nestjs/common';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { z } from 'zod';
import type { HarnessParts } from '../src/index.js';

const note = z.object({ title: z.string(), by: z.string() });

export const routes = {
  write: defineRoute({
    operationId: 'writeNote',
    method: 'POST',
    path: '/v1/notes',
    summary: 'Writes a note',
    permission: 'notes:write',
    body: z.strictObject({ title: z.string().min(1) }),
    response: note,
    status: 201,
  }),
  read: defineRoute({
    operationId: 'readNote',
    method: 'GET',
    path: '/v1/notes/:title',
    summary: 'Reads a note',
    permission: 'notes:read',
    params: z.object({ title: z.string() }),
    response: note,
  }),
};

/** Signs the notes; a test puts another one in. */
export const SIGNATURE = Symbol('signature');

@Controller()
export class NotesController {
  constructor(
    private readonly uow: UnitOfWork,
    @Inject(SIGNATURE) private readonly signature: string,
  ) {}

  @Handle(routes.write)
  write(
    @Ctx() ctx: RequestContext,
    @RouteBody() { title }: BodyOf<typeof routes.write>,
  ): Promise<z.infer<typeof note>> {
    return this.uow.run(ctx, async (tx) => {
      await tx.query('INSERT INTO note VALUES ($1, $2)', [tx.tenantId, title]);
      await tx.emit(aliasMovedV1, { ...aliasMovedV1.example, tenantId: tx.tenantId, modelName: title });
      return { title, by: this.signature };
    });
  }

  @Handle(routes.read)
  read(
    @Ctx() ctx: RequestContext,
    @RouteParams() { title }: ParamsOf<typeof routes.read>,
  ): Promise<z.infer<typeof note>> {
    return this.uow.run(ctx, async (tx) => {
      const rows = await tx.query('SELECT FROM note WHERE tenant_id = $1 AND title = $2', [tx.tenantId, title]);
      if (rows.length === 0)
        throw new ProblemError({ kind: 'not-found', code: 'notes.note_not_found', detail: `no note '${title}'` });
      return { title, by: this.signature };
    });
  }

  @HandleEvent(tenantChangedV1)
  async onTenant(event: CloudEvent<EventData<typeof tenantChangedV1>>): Promise<void> {
    await this.uow.handle(event, (tx) =>
      tx.query('INSERT INTO note VALUES ($1, $2)', [tx.tenantId, `welcome-${event.data.displayName}`]),
    );
  }
}

class Notes1700000000001 implements MigrationInterface {
  readonly name = 'Notes1700000000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE note (tenant_id text, title text, PRIMARY KEY (tenant_id, title))');
    await tenantTable(queryRunner, 'note');
  }

  down(): Promise<void> {
    return Promise.resolve();
  }
}

export function openNotesDatabase(options: Omit<DatabaseOptions, 'entities' | 'migrations'>): Promise<Database> {
  return Database.open({
    ...options,
    entities: [],
    migrations: [infrastructureMigration('notes'), Notes1700000000001],
  });
}

@Module({})
export class NotesModule {
  static with({ database }: HarnessParts): DynamicModule {
    return {
      module: NotesModule,
      controllers: [NotesController],
      providers: [
        { provide: UnitOfWork, useValue: new UnitOfWork(database) },
        { provide: SIGNATURE, useValue: 'the service' },
      ],
    };
  }
}
