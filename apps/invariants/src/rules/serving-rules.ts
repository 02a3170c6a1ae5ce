import type { Rule } from '../rule.js';
import type { World } from '../world.js';

interface Placed extends Readonly<Record<string, unknown>> {
  readonly tenant_id: string;
  readonly environment: string;
  readonly model_name: string;
  readonly version: number;
}

const placementsServed: Rule = {
  name: 'placements-served',
  promise: 'Through the gateway each placed model answers in the version that is placed, and a removed one does not.',
  breaches: async (world) => {
    const columns = `tenant_id, environment, model_name, (served->>'version')::int as version`;
    const placed = await world.rows<Placed>('deployer', `select ${columns} from placement where status = 'active'`);
    const removed = await world.rows<Placed>('deployer', `select ${columns} from placement where status = 'removed'`);
    const found = await Promise.all([
      ...placed.map((placement) => faultOf(world, placement)),
      ...removed.map((placement) => remainsOf(world, placement)),
    ]);
    return found.flat();
  },
};

const ask = (world: World, { tenant_id, environment, model_name }: Placed): ReturnType<World['ask']> =>
  world.ask(`/v2/models/${encodeURIComponent(model_name)}`, tenant_id, environment);

const nameOf = ({ tenant_id, environment, model_name }: Placed): string =>
  `${model_name} of ${tenant_id} in ${environment}`;

async function faultOf(world: World, placement: Placed): Promise<readonly string[]> {
  const { status, text } = await ask(world, placement);
  if (status !== 200) return [`${nameOf(placement)} is placed, but answers ${status}: ${text.slice(0, 200)}`];
  const { versions = [] } = JSON.parse(text) as { readonly versions?: readonly string[] };
  return versions.includes(String(placement.version))
    ? []
    : [`${nameOf(placement)} is placed in version ${placement.version}, but serves ${versions.join(', ')}`];
}

async function remainsOf(world: World, placement: Placed): Promise<readonly string[]> {
  const { status } = await ask(world, placement);
  return status === 404 ? [] : [`${nameOf(placement)} was removed, but answers ${status}`];
}

export const servingRules: readonly Rule[] = [placementsServed];
