// Rotates a tenant's key for ever: rotate-keys.ts <folder> <tenant>
import { tenantId } from '@myriad/kernel';
import { localKeys } from '../sealing.js';

const [folder = '', tenant = ''] = process.argv.slice(2);
const keys = await localKeys(folder);
for (;;) await keys.rotate(tenantId(tenant));
