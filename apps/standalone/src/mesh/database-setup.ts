import pg from 'pg';
import { ownScript } from '../own-script.js';
import { launchNode } from '../processes/launch-node.js';
import type { MeshPlan } from './mesh-plan.js';
import type { Variables } from './variables.js';
import { LOG_DATABASE, LOG_LOGINS, SERVICES, logRole } from './services.js';

const { Client, escapeIdentifier: name, escapeLiteral: literal } = pg;
const LOG_OWNER = 'log_owner';
/** Whoever reads and writes the log: may change its rows, owns none of its tables. */
const LOG_MEMBERS = 'log_members';

const PREPARE_ATTEMPTS = 4;

/** Makes the databases and roles that are missing; safe to run at every start. Passwords are set anew from the secrets. */
export async function setUpDatabases(plan: MeshPlan): Promise<void> {
  const hasLog = plan.topology.eventLog === 'postgres';
  const owners = SERVICES.filter((service) => service.hasDatabase).map((service) => service.name);
  await withSuperuser(plan, 'postgres', async (client) => {
    await ensureRoles(client, plan, [
      ...(hasLog ? [LOG_OWNER, ...LOG_LOGINS.map(logRole)] : []),
      ...owners.flatMap(rolesOf),
    ]);
    if (hasLog) await makeLogMembers(client);
    const existing = await client.query<{ datname: string }>('select datname from pg_database');
    const databases = new Set(existing.rows.map((row) => row.datname));
    for (const service of owners) if (!databases.has(service)) await makeDatabase(client, service, rolesOf(service));
    if (hasLog && !databases.has(LOG_DATABASE)) await makeDatabase(client, LOG_DATABASE, [LOG_OWNER, LOG_MEMBERS]);
  });
  if (hasLog) await setUpLog(plan);
  else await prepareLog(plan, { EVENT_LOG: 'kafka', KAFKA_BROKERS: plan.kafkaBrokers });
}

function rolesOf(service: string): readonly [owner: string, app: string] {
  return [`${service}_owner`, `${service}_app`];
}

async function ensureRoles(client: pg.Client, plan: MeshPlan, roles: readonly string[]): Promise<void> {
  const existing = await client.query<{ rolname: string }>('select rolname from pg_roles');
  const known = new Set(existing.rows.map((row) => row.rolname));
  for (const role of roles) {
    const verb = known.has(role) ? 'alter' : 'create';
    const rights = 'login nosuperuser nocreatedb nocreaterole nobypassrls';
    await client.query(`${verb} role ${name(role)} ${rights} password ${literal(plan.secrets.password(role))}`);
  }
}

async function makeLogMembers(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [LOG_MEMBERS]);
  if (rowCount === 0) await client.query(`create role ${LOG_MEMBERS} nologin nobypassrls`);
  await client.query(`grant ${LOG_MEMBERS} to ${LOG_LOGINS.map((login) => name(logRole(login))).join(', ')}`);
}

async function makeDatabase(
  client: pg.Client,
  database: string,
  [owner, app]: readonly [string, string],
): Promise<void> {
  await client.query(`create database ${name(database)} owner ${name(owner)} strategy file_copy`);
  await client.query(`revoke all on database ${name(database)} from public`);
  await client.query(`grant connect on database ${name(database)} to ${name(app)}`);
}

/** The owner makes the log's schema once, so that the members need no right to. */
async function setUpLog(plan: MeshPlan): Promise<void> {
  await prepareLog(plan, { EVENT_LOG: 'postgres', EVENT_LOG_URL: plan.databaseUrl(LOG_DATABASE, LOG_OWNER) });
  await withSuperuser(plan, LOG_DATABASE, async (client) => {
    await client.query(`set role ${LOG_OWNER}`);
    await client.query(`grant usage on schema myriad_log to ${LOG_MEMBERS}`);
    await client.query(`grant select, insert, update, delete on all tables in schema myriad_log to ${LOG_MEMBERS}`);
    await client.query(`grant usage on all sequences in schema myriad_log to ${LOG_MEMBERS}`);
  });
}

/** Tried again: a broker that has just started on a busy machine may take longer than its client waits. */
async function prepareLog(plan: MeshPlan, variables: Variables): Promise<void> {
  const logFile = plan.state.logFile('prepare-log');
  const env = { ...plan.common('prepare-log', 0), ...variables };
  for (let attempt = 1; ; attempt += 1) {
    const program = { script: ownScript('prepare-log'), env, logFile, heapMb: 128, cwd: plan.root };
    const { exited } = await launchNode(program);
    const { code } = await exited;
    if (code === 0) return;
    if (attempt === PREPARE_ATTEMPTS) throw new Error(`the event log could not be made; see ${logFile}`);
  }
}

async function withSuperuser(
  plan: MeshPlan,
  database: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new Client({ connectionString: plan.databaseUrl(database, 'postgres') });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
