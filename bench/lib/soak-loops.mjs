import { setTimeout as sleep } from 'node:timers/promises';

const TENANTS = ['ann', 'ben', 'cid', 'dot'];
const BATCH_ROWS = 4_000;
/** The one balancer stands for a cloud's, which does not go away at once: killed, it breaks every connection that there is. */
const SPARED = new Set(['balancer']);
/** A loaded machine is slow; how slow is a figure. */
const BACK_TIMEOUT_MS = 300_000;

const journeys = async () => {
  const [cast, way, load, tables, patience] = await Promise.all([
    import('../../test/system/cast.ts'),
    import('../../test/system/model-way.ts'),
    import('../../test/system/load.ts'),
    import('../../test/system/tables.ts'),
    import('../../test/system/patience.ts'),
  ]);
  return { ...cast, ...way, ...load, ...tables, ...patience };
};

/** What a soak does side by side: the main job over and over, predictions all the time, kills now and then. */
export class SoakLoops {
  constructor(options) {
    Object.assign(this, options);
  }

  /** A mesh with tenants whose models are live. */
  static async prepare(mesh, seed) {
    const way = await journeys();
    const cast = way.patiently(await way.assembleCast(mesh.admin, TENANTS));
    const loops = new SoakLoops({ mesh, seed, way, cast, random: way.randomOf(seed) });
    await Promise.all(
      cast.tenants.map(async (tenant, at) => {
        await way.commitRows(tenant.program.client, way.TRAINING, way.machineRows(1_500, at + 1));
        await way.commitRows(tenant.program.client, way.GOLDEN, way.machineRows(900, 500 + at));
        await way.obtainGrants(cast, tenant);
      }),
    );
    await way.describeApplication(cast);
    const { campaign } = await way.bringToProduction(cast);
    if (campaign.status !== 'completed') throw new Error(`the first campaign: ${JSON.stringify(campaign)}`);
    return loops;
  }

  /** New rows, a fleet run over all tenants, evaluation, campaign, a batch job each: until the signal. */
  async work(signal) {
    const rounds = { done: 0, failed: [] };
    for (let round = 1; !signal.aborted; round += 1) {
      try {
        await this.#round(round);
        rounds.done += 1;
        console.log(`  ${new Date().toISOString()} round ${round} done`);
      } catch (error) {
        rounds.failed.push(error.message);
        console.log(`  ${new Date().toISOString()} ROUND ${round} FAILED: ${error.message.slice(0, 1_500)}`);
      }
    }
    return rounds;
  }

  async #round(round) {
    const { way, cast } = this;
    await Promise.all(
      cast.tenants.map((tenant, at) =>
        way.commitRows(tenant.program.client, way.TRAINING, way.machineRows(1_500, round * 100 + at)),
      ),
    );
    const { run, campaign } = await way.bringToProduction(cast);
    if (run.counts.succeeded !== TENANTS.length) throw new Error(`fleet run: ${JSON.stringify(run)}`);
    if (campaign.status !== 'completed') throw new Error(`campaign: ${JSON.stringify(campaign)}`);
    const [tenant] = cast.tenants.slice(round % TENANTS.length);
    await way.commitRows(tenant.program.client, 'many', way.machineRows(BATCH_ROWS, 7_000 + round));
    const job = await way.scoreBatch(tenant.program.client, 'many', 500);
    if (job.status !== 'succeeded' || job.progress.rows !== BATCH_ROWS)
      throw new Error(`batch: ${JSON.stringify(job)}`);
  }

  /** One row after the other for every tenant, by clients that take every refusal as it comes. */
  predict(options) {
    const { way, cast } = this;
    return Promise.all(
      cast.tenants.map(({ program }) => way.sendUntil(options, () => way.predictOne(program.client.impatient()))),
    );
  }

  /** Kills one process of the mesh after the other, chosen by the seed; not the balancer. */
  async kill({ untilMs, everyMs }) {
    const kills = [];
    while (performance.now() + everyMs < untilMs) {
      await sleep(everyMs);
      const fromMs = performance.now();
      const names = (await this.mesh.processes())
        .filter(({ name, state }) => state === 'ready' && !SPARED.has(name))
        .map(({ name }) => name);
      const name = names[Math.floor(this.random() * names.length)];
      if (name === undefined) continue;
      const pid = await this.mesh.kill(name);
      await this.#backAgain(name, pid);
      const backMs = performance.now() - fromMs;
      kills.push({ name, backMs });
      console.log(`  ${new Date().toISOString()} killed ${name}, back after ${(backMs / 1000).toFixed(1)} s`);
    }
    return kills;
  }

  /** A pool that has no models any more keeps no replica, so what is not wanted any more counts as back. */
  async #backAgain(name, pid) {
    const untilMs = performance.now() + BACK_TIMEOUT_MS;
    for (;;) {
      const processes = await this.mesh.processes().catch(() => undefined);
      const found = processes?.find((one) => one.name === name);
      const isBack = found === undefined || (found.state === 'ready' && found.pid !== pid);
      if (processes !== undefined && isBack) return;
      if (performance.now() > untilMs) throw new Error(`${name} is not back ${BACK_TIMEOUT_MS} ms after its end`);
      await sleep(50);
    }
  }
}
