import { placementChangedV1 } from '@myriad/contracts';
import { digestOf } from '@myriad/kernel';
import { makeEvent, toRecord } from '@myriad/messaging';
import { MadeUpFleet } from './made-up-fleet.mjs';
import { seeded } from './random.mjs';

/** Weights that each tenant's models take turns with: what was one's is another's after a flip. */
const WEIGHTS_EACH = 4;
/** Share of the tenants that are away at a time. */
const AWAY = 0.03;
/** Records of one append, and puts at the same time. */
const [APPENDED, PUT] = [500, 16];

/** Tenants with some models each, which are placed, get new versions, go and come again: said as the deployer says it. */
export class ChurningFleet {
  changes = { flips: 0, gone: 0, back: 0 };

  constructor({ tenants, modelsEach, environment, pool }) {
    Object.assign(this, { tenants, modelsEach, environment, pool });
    this.made = new MadeUpFleet(1);
    this.versions = new Uint32Array(tenants * modelsEach);
    this.generations = new Uint32Array(tenants * modelsEach);
    this.isAway = new Uint8Array(tenants);
    this.random = seeded(11);
  }

  get models() {
    return this.versions.length;
  }

  tenantOf = (tenant) => `tenant-${String(tenant).padStart(5, '0')}`;
  modelOf = (at) => `churn-${at % this.modelsEach}`;

  /** Puts what all versions consist of into the store. */
  async put(store) {
    const { made } = this;
    let next = 0;
    const one = async () => {
      for (let tenant = next++; tenant < this.tenants; tenant = next++) {
        await store.put(this.tenantOf(tenant), made.skeleton);
        for (let each = 0; each < WEIGHTS_EACH; each += 1)
          await store.put(this.tenantOf(tenant), made.weightsOf(tenant * WEIGHTS_EACH + each));
      }
    };
    await Promise.all(Array.from({ length: PUT }, one));
  }

  async placeAll(log) {
    const all = Array.from(this.versions, (_version, at) => at);
    await this.#say(log, all, 'active');
  }

  /** Some models get another version. */
  async flip(log, count) {
    const drawn = Array.from({ length: count }, () => Math.floor(this.random() * this.models));
    const present = drawn.filter((at) => this.isAway[Math.floor(at / this.modelsEach)] === 0);
    await this.#say(log, [...new Set(present)], 'active');
    this.changes.flips += present.length;
  }

  /** A tenant goes with all its models; once enough are away, one of them comes again. */
  async move(log) {
    const away = [...this.isAway.keys()].filter((tenant) => this.isAway[tenant] === 1);
    const isBack = away.length >= AWAY * this.tenants;
    const draw = (list) => list[Math.floor(this.random() * list.length)];
    const tenant = draw(isBack ? away : [...this.isAway.keys()].filter((one) => this.isAway[one] === 0));
    const own = Array.from({ length: this.modelsEach }, (_none, each) => tenant * this.modelsEach + each);
    this.isAway[tenant] = isBack ? 0 : 1;
    await this.#say(log, own, isBack ? 'active' : 'removed');
    this.changes[isBack ? 'back' : 'gone'] += 1;
  }

  async #say(log, places, status) {
    for (let from = 0; from < places.length; from += APPENDED)
      await log.append(places.slice(from, from + APPENDED).map((at) => this.#record(at, status)));
  }

  #record(at, status) {
    const { made, versions, generations } = this;
    const tenant = Math.floor(at / this.modelsEach);
    const tenantId = this.tenantOf(tenant);
    generations[at] += 1;
    if (status === 'active') versions[at] += 1;
    const weights = made.weightsOf(tenant * WEIGHTS_EACH + ((at + versions[at]) % WEIGHTS_EACH));
    const data = {
      ...placementChangedV1.example,
      ...{ tenantId, status, modelName: this.modelOf(at), application: 'churn', version: versions[at] },
      ...{ versionId: `ver_${at}_${versions[at]}`, rolloutId: `rol_${at}_${generations[at]}` },
      ...{ generation: generations[at], environment: this.environment, pool: this.pool },
      ...{ artifactDigest: digestOf(`file ${at}`), sizeBytes: made.file.length, parityDigest: null },
      signature: made.signature,
      serving: {
        way: 'kernel',
        micros: 0.6,
        memoryBytes: 304,
        split: {
          skeletonDigest: made.skeletonDigest,
          skeletonBytes: made.skeleton.length,
          weightsDigest: digestOf(weights),
          weightsBytes: weights.length,
        },
      },
    };
    return toRecord(makeEvent(placementChangedV1, { tenantId, data, source: 'deployer' }), placementChangedV1);
  }
}
