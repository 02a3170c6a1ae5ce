import { DeadLetters } from '@myriad/messaging';
import { HANDLED } from '../handled-events.js';
import type { LogContent } from '../log-content.js';
import type { Rule } from '../rule.js';
import { DATABASES, type DatabaseName, type World } from '../world.js';

const DAY_MS = 86_400_000;
/** Inboxes forget after 45 days, and topics keep events for 30: what is older is not held against anyone. */
const LOOK_BACK_MS = 29 * DAY_MS;

interface InboxRow extends Readonly<Record<string, unknown>> {
  readonly tenant_id: string;
  readonly handler: string;
  readonly event_id: string;
}

const topicsOf = (service: DatabaseName): readonly string[] => [
  ...new Set(HANDLED[service].map(({ definition }) => definition.topic.name)),
];

const eachService = async (find: (service: DatabaseName) => Promise<readonly string[]>): Promise<readonly string[]> =>
  (await Promise.all(DATABASES.map(find))).flat();

const recentInbox = (world: World, service: DatabaseName): Promise<readonly InboxRow[]> =>
  world.rows<InboxRow>(
    service,
    `select tenant_id, handler, event_id::text from inbox where handled_at > now() - $1 * interval '1 ms'`,
    [LOOK_BACK_MS],
  );

const outboxEmpty: Rule = {
  name: 'outbox-empty',
  promise: 'Every event that was committed has reached the log.',
  breaches: (world) =>
    eachService(async (service) => {
      const rows = await world.rows<{ type: string; events: number }>(
        service,
        'select type, count(*)::int as events from outbox group by type order by type',
      );
      return rows.map(({ type, events }) => `${service}: ${events} ${type} wait in the outbox`);
    }),
};

const handledOnce: Rule = {
  name: 'events-handled-once',
  promise: 'Every event in the log is in the inbox of each service that handles its type, once.',
  breaches: async (world) => {
    const content = await world.logContent();
    return eachService(async (service) => {
      const times = new Map<string, number>();
      for (const { tenant_id, event_id } of await recentInbox(world, service)) {
        const place = `${tenant_id} ${event_id}`;
        times.set(place, (times.get(place) ?? 0) + 1);
      }
      return [...unhandled(service, content, times), ...twice(service, times)];
    });
  },
};

function unhandled(service: DatabaseName, content: LogContent, times: ReadonlyMap<string, number>): readonly string[] {
  const since = new Date(Date.now() - LOOK_BACK_MS).toISOString();
  return HANDLED[service].flatMap(({ definition, concerns }) =>
    content
      .of(definition)
      .filter(({ id, tenantId, time, data }) => time > since && concerns(data) && !times.has(`${tenantId} ${id}`))
      .map(({ id, key, type }) => `${service} has not handled ${type} ${id} of ${key}`),
  );
}

const twice = (service: DatabaseName, times: ReadonlyMap<string, number>): readonly string[] =>
  [...times].filter(([, count]) => count > 1).map(([place, count]) => `${service} handled ${place} ${count} times`);

const inboxFromLog: Rule = {
  name: 'inbox-from-log',
  promise: 'Nothing was handled that the log never had.',
  breaches: async (world) => {
    const content = await world.logContent();
    return eachService(async (service) => {
      const unknown = (await recentInbox(world, service)).filter(({ event_id }) => !content.has(event_id));
      if (unknown.length === 0) return [];
      const gone = await compactedAway(world, service, content);
      if (unknown.length <= gone) return [];
      const some = unknown.slice(0, 5).map(({ tenant_id, event_id }) => `${tenant_id} ${event_id}`);
      return [
        `${service} handled ${unknown.length} events that the log does not have, and only ${gone} were compacted away or expired: ${some.join(', ')}`,
      ];
    });
  },
};

/** How many records of a service's topics the log had and has no more. */
async function compactedAway(world: World, service: DatabaseName, content: LogContent): Promise<number> {
  const topics = topicsOf(service);
  const ends = await world.eventLog.lag(service, topics);
  const appended = ends.reduce((sum, { endOffset }) => sum + Number(endOffset), 0);
  return appended - topics.reduce((sum, topic) => sum + content.recordsIn(topic), 0);
}

const noDeadLetters: Rule = {
  name: 'no-dead-letters',
  promise: 'Nothing was put aside as impossible to handle.',
  breaches: (world) =>
    eachService(async (service) => {
      const letters = await new DeadLetters(world.eventLog, service).list();
      return letters.map(({ id, code, reason }) => `${service} put ${id} aside: ${code}: ${reason}`);
    }),
};

const noLag: Rule = {
  name: 'no-lag',
  promise: 'Every consumer group has committed the end of every partition.',
  breaches: (world) =>
    eachService(async (service) => {
      const lags = await world.eventLog.lag(service, [...topicsOf(service), `myriad.retry.${service}`]);
      return lags
        .filter(({ committedOffset, endOffset }) => committedOffset !== endOffset)
        .map(
          ({ topic, partition, committedOffset, endOffset }) =>
            `${service} is at ${committedOffset} of ${endOffset} in ${topic}/${partition}`,
        );
    }),
};

export const eventRules: readonly Rule[] = [outboxEmpty, handledOnce, inboxFromLog, noDeadLetters, noLag];
