import { ConfigError, runMain, secretFile } from '@myriad/config';
import { startService } from '@myriad/service';
import { AppModule, type AuthParts } from './app.module.js';
import { BootstrapPlatform } from './application/bootstrap-platform.js';
import { RepublishPrincipals } from './application/republish-principals.js';
import { authConfig, type AuthConfig } from './config.js';
import { openAuthDatabase } from './persistence/auth-database.js';

await runMain(() => {
  const config = authConfig();
  const settings = settingsOf(config);
  return startService({
    name: 'auth',
    config,
    openDatabase: openAuthDatabase,
    compose: ({ database, logger }) => ({ module: AppModule.with({ database, logger, settings }) }),
    prepare: async (app, logger) => {
      if (await app.get(BootstrapPlatform).execute())
        logger.info(
          { file: config.BOOTSTRAP_KEY_FILE },
          "first start: the administrator's key is in BOOTSTRAP_KEY_FILE",
        );
      await app.get(RepublishPrincipals).execute();
    },
  });
});

/** @throws {ConfigError} */
function settingsOf(config: AuthConfig): AuthParts['settings'] {
  const sealingSecret = secretFile(config.SIGNING_KEY_ENCRYPTION_FILE, 'SIGNING_KEY_ENCRYPTION_FILE');
  if (sealingSecret.length < 16)
    throw new ConfigError([{ variable: 'SIGNING_KEY_ENCRYPTION_FILE', message: 'holds less than 16 characters' }]);
  return {
    tokenLifeSeconds: config.TOKEN_LIFE_SECONDS,
    signingKeyDelayMs: config.SIGNING_KEY_DELAY_MS,
    bootstrapKeyFile: config.BOOTSTRAP_KEY_FILE,
    sealingSecret,
    sweepIntervalMs: config.SWEEP_INTERVAL_MS,
  };
}
