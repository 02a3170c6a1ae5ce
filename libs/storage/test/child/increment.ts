// Adds one to the document `counter` again and again, saying each time: increment.ts <root> <tenant> <times>; prints a line an increment for a large number of times, else the number done.
import { ProblemError, tenantId } from '@myriad/kernel';
import { FileObjectStore } from '../../src/index.js';

const [root = '', tenantText = '', times = '0'] = process.argv.slice(2);
const store = await FileObjectStore.open({ root });
const tenant = tenantId(tenantText);

async function tryIncrement(): Promise<boolean> {
  const document = await store.getDocument(tenant, 'counter');
  if (!document) throw new Error('the test makes the counter');
  const next = Buffer.from(String(Number(document.bytes.toString()) + 1));
  try {
    await store.putDocument(tenant, 'counter', next, document.version);
    return true;
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'storage.precondition_failed') return false;
    throw error;
  }
}

const isReporting = Number(times) > 1000;
let done = 0;
while (done < Number(times)) {
  if (!(await tryIncrement())) continue;
  done++;
  if (isReporting) console.log(done);
}
if (!isReporting) console.log(done);
