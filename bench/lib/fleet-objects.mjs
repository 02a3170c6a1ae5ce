import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '@myriad/kernel';
import { openLocalCopies, S3ObjectStore } from '@myriad/storage';
import { startS3 } from '../../tools/engines/engine.mjs';
import { MadeUpFleet, tenantOf } from './made-up-fleet.mjs';

/** Puts at the same time. */
const AT_ONCE = 16;

/** Where the weights of a made-up fleet lie: in a disk tier's folder as a process before left it, or, of those that have no copy there, in S3 on loopback. */
export class FleetObjects {
  #s3;

  /** @param isOnDisk of a rank, 1…tenants; `tenantOfRank` tells whose that is */
  constructor({ tenants, folder, isOnDisk, tenantOfRank }) {
    this.fleet = new MadeUpFleet(tenants);
    Object.assign(this, { tenants, folder, isOnDisk, tenantOfRank });
  }

  /** What a replica is given. */
  get places() {
    return { disk: join(this.folder, 'copies'), s3: this.s3Options };
  }

  /** Starts the bucket's server, on what is there. */
  async start() {
    mkdirSync(this.folder, { recursive: true });
    this.#s3 = await startS3({ dir: join(this.folder, 's3') });
    const { endpoint, accessKeyId, secretAccessKey } = this.#s3;
    const credentials = { accessKeyId, secretAccessKey };
    this.s3Options = { endpoint, bucket: 'fleet', credentials, createBucket: true, scratchFolder: this.folder };
  }

  async put() {
    const startMs = performance.now();
    const bucket = await S3ObjectStore.open(this.s3Options);
    const copies = await openLocalCopies(bucket, this.places.disk);
    await bucket.put(tenantOf(0), this.fleet.skeleton);
    let rank = 0;
    const one = async () => {
      while ((rank += 1) <= this.tenants) {
        const number = this.tenantOfRank(rank, this.tenants);
        const [tenantId, bytes] = [tenantOf(number), this.fleet.weightsOf(number)];
        if (this.isOnDisk(rank)) await copies.write({ tenantId, digest: digestOf(bytes) }, bytes);
        else await bucket.put(tenantId, bytes);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    bucket.close();
    console.log(`  (their objects written in ${((performance.now() - startMs) / 1_000).toFixed(1)} s)`);
  }

  async stop() {
    await this.#s3?.stop();
  }
}
