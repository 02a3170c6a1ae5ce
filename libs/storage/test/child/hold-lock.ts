// Takes the lock of the document `doc` and keeps it: hold-lock.ts <root> <tenant>
import { join } from 'node:path';
import { TempFiles } from '../../src/file/durable-files.js';
import { withLockFile } from '../../src/file/lock-file.js';

const [root = '', tenant = ''] = process.argv.slice(2);
const temps = new TempFiles(join(root, '.tmp'));
await withLockFile(
  join(root, tenant, 'documents', 'doc.lock'),
  temps,
  () =>
    new Promise(() => {
      setInterval(() => undefined, 1000);
    }),
);
