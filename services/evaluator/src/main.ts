import { runMain } from '@myriad/config';
import { startService } from '@myriad/service';
import { openObjectStore } from '@myriad/storage';
import { AppModule } from './app.module.js';
import { evaluatorConfig } from './config.js';
import { evaluatorQueues, openEvaluatorDatabase } from './persistence/evaluator-database.js';

await runMain(() => {
  const config = evaluatorConfig();
  return startService({
    name: 'evaluator',
    config,
    openDatabase: openEvaluatorDatabase,
    compose: async ({ database, logger }) => {
      const store = await openObjectStore(config);
      return {
        module: AppModule.with({ database, store, logger }),
        readiness: [{ name: 'object-store', check: () => store.ping() }],
        queues: evaluatorQueues,
      };
    },
  });
});
