// One consumer process of bench/events.mjs: an event server with an inbox, as every service has it. Tells the latencies of what it handled.
import { loadConfig } from '@myriad/config';
import { EventLogServer, eventLogConfig, openEventLog, silentLogger } from '@myriad/messaging';
import { UnitOfWork } from '@myriad/persistence';
import { z } from 'zod';
import { openShop, thingChanged } from './event-shop.mjs';

const { variables, database: urls, group } = JSON.parse(process.env.BENCH_CONSUMER);
const database = await openShop(urls);
const uow = new UnitOfWork(database);
const log = await openEventLog(loadConfig(z.object(eventLogConfig), variables));
let latencies = [];
const server = new EventLogServer({
  log,
  group,
  from: 'latest', // what earlier parts of the bench made is not its business
  logger: { ...silentLogger, warn: (fields, text) => console.error(text, fields.err), error: console.error },
  definitions: new Map([[thingChanged.type, thingChanged]]),
});
server.addHandler(
  thingChanged.type,
  async (event) => {
    const outcome = await uow.handle(event, (tx) =>
      tx.query(
        `INSERT INTO thing VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, name) DO UPDATE SET size = excluded.size, version = thing.version + 1`,
        [event.tenantid, event.data.name, event.data.size],
      ),
    );
    if (outcome === 'handled') latencies.push(performance.timeOrigin + performance.now() - event.data.sentMs);
  },
  true,
);
await new Promise((resolve, reject) => server.listen((error) => (error === undefined ? resolve() : reject(error))));
setInterval(() => {
  if (latencies.length > 0) process.send({ latencies });
  latencies = [];
}, 20);
process.on('message', async () => {
  await server.close();
  await log.close();
  await database.close();
  process.exit(0);
});
process.send('ready');
