import { join } from 'node:path';
import { runMain } from '@myriad/config';
import { startService } from '@myriad/service';
import { openObjectStore } from '@myriad/storage';
import { AppModule } from './app.module.js';
import { ProcessJobRunner } from './adapters/process/process-job-runner.js';
import { jobEnvironment, trainingConfig } from './config.js';
import { trainingQueues, openTrainingDatabase } from './persistence/training-database.js';

await runMain(() => {
  const config = trainingConfig();
  return startService({
    name: 'training',
    config,
    openDatabase: openTrainingDatabase,
    compose: async ({ database, logger }) => {
      const store = await openObjectStore(config);
      const runner = new ProcessJobRunner({
        python: config.MYRIAD_PYTHON,
        folder: join(config.STATE_FOLDER, 'jobs'),
        environment: jobEnvironment(config),
        objects: store,
      });
      return {
        module: AppModule.with({ database, store, logger, runner, maxParallelJobs: config.MAX_PARALLEL_JOBS }),
        readiness: [{ name: 'object-store', check: () => store.ping() }],
        queues: trainingQueues,
      };
    },
  });
});
