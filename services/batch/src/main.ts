import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runMain } from '@myriad/config';
import { startService } from '@myriad/service';
import { openObjectStore } from '@myriad/storage';
import { AppModule } from './app.module.js';
import { batchConfig } from './config.js';
import { batchQueues, openBatchDatabase } from './persistence/batch-database.js';

await runMain(() => {
  const config = batchConfig();
  return startService({
    name: 'batch',
    config,
    openDatabase: openBatchDatabase,
    compose: async ({ database, logger }) => {
      const store = await openObjectStore(config);
      const scratchFolder = join(config.STATE_FOLDER, 'parquet');
      // what a process that was killed left behind
      await rm(scratchFolder, { recursive: true, force: true });
      await mkdir(scratchFolder, { recursive: true });
      return {
        module: AppModule.with({ database, store, scratchFolder, logger, workers: config.BATCH_WORKERS }),
        readiness: [{ name: 'object-store', check: () => store.ping() }],
        queues: batchQueues,
      };
    },
  });
});
