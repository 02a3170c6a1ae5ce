import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemContext } from '@myriad/kernel';
import { UnitOfWork, type Database } from '@myriad/persistence';
import { createLogger } from '@myriad/telemetry';
import { createTestDatabase, tempFolder, type TempFolder, type TestDatabase } from '@myriad/testing';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExclusiveKeyFile } from '../../src/adapters/files/exclusive-key-file.js';
import { AppModule } from '../../src/app.module.js';
import { BootstrapPlatform } from '../../src/application/bootstrap-platform.js';
import { IdentityStores } from '../../src/application/identity-stores.js';
import type { BootstrapKeyFile, WrittenKey } from '../../src/application/ports/bootstrap-key.port.js';
import { RotateSigningKey } from '../../src/application/rotate-signing-key.js';
import { apiKeyOf } from '../../src/domain/api-key.js';
import { openAuthDatabase } from '../../src/persistence/auth-database.js';

/** A file of a replica that is overtaken when it has written its key. */
class OvertakenKeyFile extends ExclusiveKeyFile {
  constructor(
    path: string,
    private readonly by: BootstrapPlatform,
  ) {
    super(path);
  }

  override async writeOnce(keyText: string): Promise<WrittenKey> {
    const written = await super.writeOnce(keyText);
    expect(await this.by.execute()).toBe(true);
    return written;
  }
}

describe('two first starts at once', () => {
  let folder: TempFolder;
  let testDatabase: TestDatabase;
  let database: Database;
  let app: INestApplicationContext;
  beforeEach(async () => {
    [testDatabase, folder] = await Promise.all([createTestDatabase({ service: 'auth' }), tempFolder()]);
    const logger = createLogger({ service: 'auth', level: 'error' });
    const { url, migrationUrl } = testDatabase;
    database = await openAuthDatabase({ url, migrationUrl, logger });
    const settings = {
      tokenLifeSeconds: 900,
      signingKeyDelayMs: 2000,
      bootstrapKeyFile: join(folder.path, 'unused.key'),
      sealingSecret: 'a secret of this test',
      sweepIntervalMs: 3_600_000,
      loginSeconds: 28_800,
      loginProviders: [],
    };
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and documents literals
    app = await NestFactory.createApplicationContext(AppModule.with({ database, logger, settings }), { logger: false });
  });
  afterEach(async () => {
    await app.close();
    await database.close();
    await testDatabase.drop();
    await folder.remove();
  });

  const start = (keyFile: BootstrapKeyFile): BootstrapPlatform =>
    new BootstrapPlatform(new UnitOfWork(database), app.get(IdentityStores), keyFile, app.get(RotateSigningKey));
  const administratorsHash = async (): Promise<string | undefined> => {
    const page = { pageSize: 10 };
    const work = new UnitOfWork(database);
    const { items } = await work.run(systemContext('auth'), (tx) => app.get(IdentityStores).keys.list(tx, page));
    expect(items).toHaveLength(1);
    return items[0]?.hash;
  };

  it('leave the one key in the file that both have', async () => {
    const path = join(folder.path, 'admin.key');
    const second = start(new ExclusiveKeyFile(path));
    expect(await start(new OvertakenKeyFile(path, second)).execute()).toBe(false);
    expect(apiKeyOf((await readFile(path, 'utf8')).trim()).hash).toBe(await administratorsHash());
  });

  it('leave no key that opens nothing where each has a file of its own', async () => {
    const [lost, won] = [join(folder.path, 'lost.key'), join(folder.path, 'won.key')];
    const second = start(new ExclusiveKeyFile(won));
    expect(await start(new OvertakenKeyFile(lost, second)).execute()).toBe(false);
    expect(existsSync(lost)).toBe(false);
    expect(apiKeyOf((await readFile(won, 'utf8')).trim()).hash).toBe(await administratorsHash());
  });
});
