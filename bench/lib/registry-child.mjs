// The registry in a process of its own, on the server of MYRIAD_TEST_PG_URL; tells where it is and gives tokens for tenants.
import { ServiceHarness } from '@myriad/testing';
import { AppModule } from '../../services/registry/dist/app.module.js';
import { openRegistryDatabase } from '../../services/registry/dist/persistence/registry-database.js';

const harness = await ServiceHarness.start({
  service: 'registry',
  openDatabase: openRegistryDatabase,
  module: ({ database, log, objects: store, logger }) => AppModule.with({ database, log, store, logger }),
});
process.on('message', async ({ tenant }) => {
  process.send({ token: await harness.token(tenant, { perms: ['models:read', 'models:write'] }) });
});
process.once('SIGTERM', () => {
  void harness.close().then(() => process.exit(0));
});
process.send({ url: harness.url, database: harness.parts.database.namespace });
