import { mkdir } from 'node:fs/promises';
import { runMain } from '@myriad/config';
import { startService } from '@myriad/service';
import { openObjectStore } from '@myriad/storage';
import { AppModule } from './app.module.js';
import { batchConfig } from './config.js';
import { openBatchDatabase } from './persistence/batch-database.js';

await runMain(() => {
  const config = batchConfig();
  return startService({
    name: 'batch',
    config,
    openDatabase: openBatchDatabase,
    compose: async ({ database, logger }) => {
      const store = await openObjectStore(config);
      await mkdir(config.STATE_FOLDER, { recursive: true });
      return {
        module: AppModule.with({ database, store, scratchFolder: config.STATE_FOLDER, logger }),
        readiness: [{ name: 'object-store', check: () => store.ping() }],
      };
    },
  });
});
