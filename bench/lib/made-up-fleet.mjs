// A fleet of tenants with a logistic regression each, made up by the number of the tenant: what the deployer said of it and what the registry stored, as often as somebody asks, with nothing kept.
import { createHash } from 'node:crypto';
import { placementChangedV1 } from '@myriad/contracts';
import { inspectOnnxBytes, splitModel } from '@myriad/inference';
import { PLATFORM_TENANT, digestOf } from '@myriad/kernel';
import { makeEvent, partitionOf, toRecord } from '@myriad/messaging';
import { logisticRegression } from './classical-models.mjs';

export const FEATURES = 32;
export const MODEL = 'churn';
const PARTITIONS = placementChangedV1.topic.partitions;
/** Long ago: what was placed lately is loaded at the start even where there is no room. */
const PLACED_MS = Date.UTC(2026, 0, 5);

export const tenantOf = (number) => `customer-${String(number).padStart(7, '0')}`;
const numberOf = (tenant) => Number(tenant.slice('customer-'.length));

/** An id as the platform makes them, the same for the same text. */
const idOf = (prefix, text) => `${prefix}_${createHash('md5').update(text).digest('hex')}`;

export class MadeUpFleet {
  constructor(tenants) {
    this.tenants = tenants;
    this.file = logisticRegression(FEATURES);
    const { skeleton, weights } = splitModel(this.file);
    this.skeleton = Buffer.from(skeleton.bytes);
    this.skeletonDigest = digestOf(this.skeleton);
    this.blob = Buffer.from(weights);
    this.signature = inspectOnnxBytes(this.file).signature;
    this.template = this.#template();
  }

  /** The weights of a tenant: a blob with the floats replaced; as converters write two classes, the first one's are those of the second with the other sign. */
  weightsOf(number) {
    const bytes = Buffer.from(this.blob);
    // labels come first, two int64; coefficients of both classes, then intercepts
    const start = 8 + Number(bytes.readBigUInt64LE(0)) + 16;
    const second = start + 4 * FEATURES;
    let state = number + 1;
    const write = (first, other) => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + first;
      bytes.writeFloatLE(-(state | 0) / 2 ** 31, first);
      bytes.writeFloatLE((state | 0) / 2 ** 31, other);
    };
    for (let at = 0; at < 4 * FEATURES; at += 4) write(start + at, second + at);
    write(second + 4 * FEATURES, second + 4 * FEATURES + 4);
    return bytes;
  }

  /** What the tenant's model gives for the second class. */
  probabilityOf(number, features) {
    const weights = this.weightsOf(number);
    const end = weights.length - 8;
    const score = features.reduce(
      (sum, value, i) => sum + Math.fround(value) * weights.readFloatLE(end - 4 * (FEATURES - i)),
      weights.readFloatLE(end + 4),
    );
    return 1 / (1 + Math.exp(-score));
  }

  /** The record of a tenant's placement on the compacted topic. */
  recordOf(number) {
    const tenantId = tenantOf(number);
    const bytes = this.weightsOf(number);
    const names = {
      TENANT: tenantId,
      EVENT: `01900000-0000-7000-8000-${String(number).padStart(12, '0')}`,
      VERSION: idOf('ver', tenantId),
      ROLLOUT: idOf('rol', tenantId),
      ARTIFACT: digestOf(`artifact of ${tenantId}`),
      WEIGHTS: digestOf(bytes),
    };
    const fill = (text) => text.replaceAll(/\$([A-Z]+)\$/g, (_all, name) => names[name]);
    const { key, headers, value, topic } = this.template;
    return { topic, key: fill(key), headers: JSON.parse(fill(headers)), value: Buffer.from(fill(value)) };
  }

  /** What production makes of one, with places for what differs; checked by the contract as every event is. */
  #template() {
    const digest = digestOf('a place');
    const data = {
      ...placementChangedV1.example,
      tenantId: 'tenant',
      modelName: MODEL,
      application: MODEL,
      versionId: '$VERSION$',
      rolloutId: '$ROLLOUT$',
      artifactDigest: digest,
      sizeBytes: this.file.length,
      parityDigest: null,
      signature: this.signature,
      serving: {
        way: 'kernel',
        micros: 0.6,
        memoryBytes: 172,
        split: {
          skeletonDigest: this.skeletonDigest,
          skeletonBytes: this.skeleton.length,
          weightsDigest: digest,
          weightsBytes: this.blob.length,
        },
      },
    };
    const event = makeEvent(placementChangedV1, {
      tenantId: 'tenant',
      data,
      source: 'deployer',
      clock: { nowMs: () => PLACED_MS },
    });
    const record = toRecord({ ...event, id: '$EVENT$' }, placementChangedV1);
    const text = JSON.stringify(JSON.parse(record.value.toString('utf8')))
      .replaceAll('"tenant"', '"$TENANT$"')
      .replaceAll('"tenant/', '"$TENANT$/')
      .replace(`"artifactDigest":"${digest}"`, '"artifactDigest":"$ARTIFACT$"')
      .replace(`"weightsDigest":"${digest}"`, '"weightsDigest":"$WEIGHTS$"');
    return {
      topic: record.topic,
      key: record.key.replace('tenant/', '$TENANT$/'),
      headers: JSON.stringify(record.headers),
      value: text,
    };
  }

  /** The objects of the tenants, as a store gives them. */
  store() {
    const getBytes = async (tenantId, digest) => {
      const bytes = digest === this.skeletonDigest ? this.skeleton : this.weightsOf(numberOf(tenantId));
      if (tenantId === PLATFORM_TENANT || digestOf(bytes) !== digest) throw new Error(`there is no object ${digest}`);
      return bytes;
    };
    return { getBytes };
  }
}

/** The topic of the fleet's placements, as a log that is read: what a replica or a writer of snapshots sees of it. Takes events of any topic and forgets them. */
export class MadeUpLog {
  constructor(fleet) {
    this.fleet = fleet;
    this.partitions = Array.from({ length: PARTITIONS }, () => []);
    for (let number = 0; number < fleet.tenants; number += 1)
      this.partitions[partitionOf(`${tenantOf(number)}/`, PARTITIONS)].push(number);
    this.partitions = this.partitions.map((numbers) => Uint32Array.from(numbers));
  }

  async lag(_group, [topic]) {
    return this.partitions.map((numbers, partition) => ({
      topic,
      partition,
      committedOffset: 0n,
      endOffset: BigInt(numbers.length),
    }));
  }

  async tail({ topics: [topic], from = [], onRecord }) {
    const start = new Map(from.map(({ partition, offset }) => [partition, Number(offset)]));
    let isClosed = false;
    const read = async () => {
      for (const [partition, numbers] of this.partitions.entries())
        for (let at = start.get(partition) ?? 0; at < numbers.length && !isClosed; at += 1) {
          const record = this.fleet.recordOf(numbers[at]);
          const wait = onRecord({ ...record, topic, partition, offset: BigInt(at), timestampMs: PLACED_MS });
          if (wait) await wait;
        }
    };
    return { caughtUp: read(), close: async () => void (isClosed = true) };
  }

  async append() {
    // nobody reads it
  }
}
