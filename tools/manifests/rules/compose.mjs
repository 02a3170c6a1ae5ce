/** Root, or nobody that the file names. */
const isRoot = (user) => user === undefined || /^(0|root)(:|$)/.test(String(user));
/** Engines whose published image must write beside its program, and so can't have a read-only root. */
const WRITABLE = ['kafka'];
const SECRET = /(SECRET|PASSWORD|TOKEN|KEY)(_ID)?$/;
/** A password in an address. */
const CREDENTIALS = /\/\/[^/@]*:[^/@]+@/;

function serviceFaults(name, service, all) {
  const dependencies = Object.entries(service.depends_on ?? {});
  const literal = Object.entries(service.environment ?? {}).find(
    ([variable, value]) => SECRET.test(variable) && !/\$\{\w+:\?/.test(String(value)),
  );
  const told = Object.entries(service.environment ?? {}).find(
    ([variable, value]) => SECRET.test(variable) || CREDENTIALS.test(String(value)),
  );
  const limits = service.deploy?.resources?.limits ?? {};
  return [
    service.healthcheck?.test === undefined && 'has no health check',
    (limits.memory === undefined || limits.cpus === undefined) && 'has no limits of memory and cpus',
    isRoot(service.user) && 'runs as root',
    service.read_only !== true && !WRITABLE.includes(name) && 'has a writable root file system',
    !service.cap_drop?.includes('ALL') && 'keeps capabilities',
    !service.security_opt?.includes('no-new-privileges:true') && 'may gain privileges',
    !/:[\w.-]+$/.test(service.image) || service.image.endsWith(':latest')
      ? `has an image that is not pinned: ${service.image}`
      : false,
    // the engines' images take theirs no other way, or as another user than the files' owner
    service.secrets && told && `is told ${told[0]} by its environment, which whoever may inspect it reads`,
    literal && `holds a secret as a literal, or takes an empty one: ${literal[0]}`,
    ...dependencies.map(
      ([other, { condition } = {}]) =>
        (condition !== 'service_healthy' || all[other]?.healthcheck === undefined) &&
        `does not wait until ${other} is healthy`,
    ),
    ...(service.ports ?? []).map(
      (port) => !service.build && !port.startsWith('127.0.0.1:') && `opens an engine to the network: ${port}`,
    ),
    ...(service.secrets ?? []).map(({ mode }) => mode !== undefined && 'gives a mode, which Compose ignores for files'),
  ];
}

/** What reviewers look for in a Compose file: faults of the parsed body. */
export function composeRules(body) {
  return Object.entries(body.services).flatMap(([name, service]) =>
    serviceFaults(name, service, body.services)
      .filter(Boolean)
      .map((fault) => `${name} ${fault}`),
  );
}
