import { runMain } from '@myriad/config';
import { startService } from '@myriad/service';
import { openObjectStore } from '@myriad/storage';
import { SeparateModelInspector } from './adapters/onnx/separate-model-inspector.js';
import { AppModule } from './app.module.js';
import { registryConfig } from './config.js';
import { openRegistryDatabase } from './persistence/registry-database.js';

await runMain(() => {
  const config = registryConfig();
  return startService({
    name: 'registry',
    config,
    openDatabase: openRegistryDatabase,
    compose: async ({ database, log, logger }) => {
      const store = await openObjectStore(config);
      return {
        module: AppModule.with({
          database,
          log,
          store,
          logger,
          modelInspector: new SeparateModelInspector(),
          sweep: { graceMs: config.ORPHAN_GRACE_SECONDS * 1_000, intervalMs: config.ORPHAN_SWEEP_SECONDS * 1_000 },
        }),
        readiness: [{ name: 'object-store', check: () => store.ping() }],
      };
    },
  });
});
