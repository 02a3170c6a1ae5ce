import { secret } from '@myriad/config';
import { z } from 'zod';

const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: 'must be a URL postgres://user:password@host:port/database',
});

/** Where a service's database is; spread into its config. */
export const databaseConfig = {
  DATABASE_URL: secret(
    postgresUrl.describe('the runtime role `<service>_app`: owns nothing, may not bypass row-level security'),
  ),
  DATABASE_MIGRATION_URL: secret(
    postgresUrl.optional().describe('the role `<service>_owner`; when set, the service migrates its database at start'),
  ),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(8).describe('connections of this process, 1–200'),
} as const;
