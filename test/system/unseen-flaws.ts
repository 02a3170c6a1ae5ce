import { readFileSync, writeFileSync } from 'node:fs';
import { OpenWorld, RULES, type World, targetOfState } from '@myriad/invariants';
import { type Digest, tenantId } from '@myriad/kernel';
import { FLAWS } from './flaws.js';
import { withFlaw } from './flawed-world.js';
import type { Mesh } from './mesh.js';

const TENANT = tenantId('acme');

async function breachesOf(rule: string, world: World): Promise<readonly string[]> {
  const found = RULES.find(({ name }) => name === rule);
  if (!found) throw new Error(`there is no rule ${rule}`);
  return found.breaches(world);
}

/** Damages the world in every way known, one after the other, and tells what the rules did not see of it. */
export async function unseenFlaws(mesh: Mesh): Promise<readonly string[]> {
  const target = targetOfState(mesh.stateFolder);
  const world = await OpenWorld.open(target);
  const seen = new Set<string>();
  const unseen: string[] = [];
  const expectBreaches = (rule: string, found: readonly string[], wanted: readonly RegExp[]): void => {
    seen.add(rule);
    for (const pattern of wanted)
      if (!found.some((breach) => pattern.test(breach)))
        unseen.push(`${rule} did not say ${String(pattern)} but ${JSON.stringify(found.slice(0, 5))}`);
  };
  try {
    for (const { rule, breaches, ...flaw } of FLAWS)
      expectBreaches(rule, await withFlaw(target, world, flaw, (flawed) => breachesOf(rule, flawed)), breaches);
    for (const { rule, wanted, found } of [...(await flawsOfLog(world)), ...(await flawsOfObjects(mesh, world))])
      expectBreaches(rule, found, wanted);
  } finally {
    await world.close();
  }
  return [
    ...unseen,
    ...RULES.filter(({ name }) => !seen.has(name)).map(({ name }) => `nothing tried to break ${name}`),
  ];
}

interface Tried {
  readonly rule: string;
  readonly wanted: readonly RegExp[];
  readonly found: readonly string[];
}

async function flawsOfLog(world: OpenWorld): Promise<readonly Tried[]> {
  const letter = { topic: 'myriad.dead-letter.batch', key: 'acme/t/0/0', headers: { 'myriad-code': 'x.y' } };
  await world.eventLog.append([{ ...letter, value: Buffer.from('{}') }]);
  const letters = await breachesOf('no-dead-letters', world);
  await world.eventLog.append([{ ...letter, value: null }]);
  const lag = await breachesOf('no-lag', oneBehind(world));
  return [
    { rule: 'no-dead-letters', wanted: [/batch put acme\/t\/0\/0 aside: x\.y/], found: letters },
    { rule: 'no-lag', wanted: [/deployer is at \d+ of \d+ in myriad\./], found: lag },
  ];
}

/** The world as it would be if the deployer had one record left to handle. */
function oneBehind(world: OpenWorld): World {
  const eventLog = Object.assign(Object.create(world.eventLog) as World['eventLog'], {
    lag: async (group: string, topics: readonly string[]) => {
      const lags = await world.eventLog.lag(group, topics);
      const at = group === 'deployer' ? lags.findIndex(({ endOffset }) => endOffset > 0n) : -1;
      return lags.map((one, index) => (index === at ? { ...one, committedOffset: one.endOffset - 1n } : one));
    },
  });
  return Object.assign(Object.create(world) as World, { eventLog });
}

async function flawsOfObjects(mesh: Mesh, world: OpenWorld): Promise<readonly Tried[]> {
  const [artifact] = await world.rows<{ digest: Digest }>(
    'registry',
    `select artifact_digest as digest from model_version where tenant_id = '${TENANT}'`,
  );
  const file = mesh.objectFile(TENANT, artifact!.digest);
  const whole = readFileSync(file);
  const damaged = Buffer.from(whole);
  damaged.writeUInt8(damaged.readUInt8(20) ^ 1, 20);
  writeFileSync(file, damaged);
  const corrupt = await breachesOf('objects-whole', world);
  writeFileSync(file, whole);
  const { digest } = await world.objects.put(TENANT, Buffer.from('nobody wants me'));
  const orphans = await breachesOf('no-orphan-objects', world);
  await world.objects.delete(TENANT, digest);
  return [
    {
      rule: 'objects-whole',
      wanted: [new RegExp(`artifact of a run ${artifact!.digest} of acme: object .* is damaged`)],
      found: corrupt,
    },
    { rule: 'no-orphan-objects', wanted: [new RegExp(`acme has ${digest} of 15 bytes`)], found: orphans },
  ];
}
