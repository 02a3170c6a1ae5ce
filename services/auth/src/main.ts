import { runMain } from '@myriad/config';
import { keyChangedV1, principalChangedV1, signingKeysChangedV1, tenantChangedV1 } from '@myriad/contracts';
import { serviceSnapshots, startService } from '@myriad/service';
import { providerSettings } from './adapters/oidc/provider-settings.js';
import { AppModule, type AuthParts } from './app.module.js';
import { BootstrapPlatform } from './application/bootstrap-platform.js';
import { RepublishPrincipals } from './application/republish-principals.js';
import { authConfig, providerList, type AuthConfig } from './config.js';
import { openAuthDatabase } from './persistence/auth-database.js';

/** Topics that the gateway begins with. */
const FOLLOWED = [tenantChangedV1, principalChangedV1, keyChangedV1, signingKeysChangedV1].map(({ topic }) => topic);

await runMain(() => {
  const config = authConfig();
  const settings = settingsOf(config);
  return startService({
    name: 'auth',
    config,
    openDatabase: openAuthDatabase,
    compose: async ({ database, logger }) => ({
      module: AppModule.with({ database, logger, settings }),
      snapshots: await serviceSnapshots(config, FOLLOWED),
    }),
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

function settingsOf(config: AuthConfig): AuthParts['settings'] {
  const providers = providerList(config);
  return {
    loginProviders: providers === undefined ? [] : providerSettings(providers),
    loginSeconds: config.LOGIN_SECONDS,
    tokenLifeSeconds: config.TOKEN_LIFE_SECONDS,
    signingKeyDelayMs: config.SIGNING_KEY_DELAY_MS,
    bootstrapKeyFile: config.BOOTSTRAP_KEY_FILE,
    sealingSecret: config.SIGNING_KEY_ENCRYPTION,
    sweepIntervalMs: config.SWEEP_INTERVAL_MS,
  };
}
