import { digestOf, tenantId, type TenantId } from '@myriad/kernel';
import type { PlacementChange } from '../../src/domain/placement.js';
import type { Random } from '../random.js';
import { placementOf, splitInto } from '../support.js';
import { taggedModel } from './tagged-model.js';
import { Truth } from './truth.js';
import type { TwoStores } from './uncertain-store.js';

const TENANTS = ['aa', 'bb', 'cc'];
const MODELS = ['m0', 'm1'];
/** Versions of each model, 1 to this. */
export const VERSIONS = 3;

type Way = 'kernel' | 'inputs' | 'whole';
type Version = Pick<PlacementChange, 'artifactDigest' | 'sizeBytes' | 'signature' | 'serving'>;

/** Every version of every model of every tenant: names and ids are the same for all tenants, weights are not. */
export class Fleet {
  private readonly versions = new Map<string, Version>();

  static async make(stores: TwoStores, random: Random, ways: readonly Way[]): Promise<Fleet> {
    const fleet = new Fleet();
    const made: Promise<void>[] = [];
    for (const { tenant, modelName, tagOf } of fleet.newTruths())
      for (let version = 1; version <= VERSIONS; version += 1) {
        const wanted = { tenant, tag: tagOf(version), way: random.pick(ways) };
        made.push(
          makeVersion(stores, wanted).then((one) => void fleet.versions.set(`${tenant}/${modelName}/${version}`, one)),
        );
      }
    await Promise.all(made);
    await stores.damage(random);
    return fleet;
  }

  /** For one run: nothing is placed. */
  newTruths(): readonly Truth[] {
    return TENANTS.flatMap((tenant, t) =>
      MODELS.map((name, m) => new Truth(tenantId(tenant), name, (version) => 100 * (t + 1) + 10 * m + version)),
    );
  }

  placement(
    { tenant, modelName }: Truth,
    version: number,
    more: Pick<PlacementChange, 'generation' | 'status'>,
  ): PlacementChange {
    const versionId = `ver_${modelName}_${version}`;
    const known = this.versions.get(`${tenant}/${modelName}/${version}`);
    return { ...placementOf(), ...known, tenantId: tenant, modelName, version, versionId, ...more };
  }
}

async function makeVersion(
  stores: TwoStores,
  { tenant, tag, way }: { readonly tenant: TenantId; readonly tag: number; readonly way: Way },
): Promise<Version> {
  const file = taggedModel(tag);
  const parts = [file];
  const put = (part: Buffer) => (parts.push(part), digestOf(part));
  const serving = way === 'whole' ? null : (splitInto(put, file, way) as PlacementChange['serving']);
  await Promise.all(parts.map((part) => stores.put(tenant, part)));
  const { artifactDigest, sizeBytes, signature } = placementOf({}, file);
  return { artifactDigest: artifactDigest, sizeBytes, signature, serving };
}
