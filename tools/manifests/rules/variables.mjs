/** What containers are told, against what their service's config knows: its zod schema. */

const isFile = (name) => name.endsWith('_FILE');

/**
 * A sentence for each variable that the config does not know, needs and is not given, or refuses the value of. Of secrets, which are files, only the name is looked at.
 * `told`: names and values; `common`: names that every service is told, whether it has a use for them or not; `isSecret`: whether a field of the schema may be given as `NAME_FILE`.
 */
export function variableFaults({ schema, isSecret, told, common = [] }) {
  const secrets = Object.keys(schema.shape).filter((name) => isSecret(schema.shape[name]));
  const known = new Set([...Object.keys(schema.shape), ...secrets.map((name) => `${name}_FILE`)]);
  const byFile = new Set(Object.keys(told).filter((name) => isFile(name) && !(name in schema.shape)));
  const unknown = Object.keys(told).filter((name) => !known.has(name) && !common.includes(name));
  const values = Object.entries(told).filter(([name, value]) => !secrets.includes(name) && value !== '');
  const issues = schema.safeParse(Object.fromEntries(values)).error?.issues ?? [];
  return [
    ...unknown.map((name) => `is told ${name}, which its config does not know`),
    ...secrets.filter((name) => name in told).map((name) => `is told ${name} itself, not a file with it`),
    ...issues
      .filter(({ path: [name] }) => !secrets.includes(name) || !(name in told || byFile.has(`${name}_FILE`)))
      .map(({ path: [name], message }) =>
        name in told ? `is told ${name}, which its config refuses: ${message}` : `is not told ${name}, which it needs`,
      ),
  ];
}

/** A process of Node takes so much besides its heap, MiB: the young generation (at most 48), code, connections, and the program itself. */
const BESIDES_HEAP = 160;

/** A container has room for all that its service may take: with less it is killed where V8 would have collected garbage. */
export function memoryFaults({ memory, heap, outside = 0 }) {
  const needed = heap + outside + BESIDES_HEAP;
  return needed <= memory ? [] : [`may take ${needed} MiB and its container gives it ${memory}`];
}

/** Prometheus has one job a service, which looks where that answers scrapers: `ports` by the service's name. */
export function scrapeFaults({ scrape_configs: jobs }, ports) {
  const found = Object.fromEntries(jobs.map(({ job_name: name, dns_sd_configs: [{ port }] }) => [name, port]));
  return [
    ...Object.keys(ports)
      .filter((name) => found[name] !== ports[name])
      .map((name) => `has no job ${name} that asks port ${ports[name]}`),
    ...Object.keys(found)
      .filter((name) => !(name in ports))
      .map((name) => `has a job ${name}, which is no service`),
  ];
}
