import { ReplicaChoice, newKeyState } from '@myriad/placement';

/** Requests in flight, a replica: each stays for as long as it takes so many others to come. */
const IN_FLIGHT = 16;

/** Replicas behind one gateway. */
export class Fleet {
  /** Requests sent to each replica since the counts were reset. */
  served;
  /** Most in flight at one replica ÷ mean. */
  peak = 0;
  /** Requests that went elsewhere than to the first owner. */
  spread = 0;

  constructor({ ids, models, hashOf, bytesOf, costOf, tenantOf, newCache }) {
    Object.assign(this, { ids, hashOf, bytesOf, costOf, tenantOf, newCache });
    this.choice = new ReplicaChoice(ids);
    this.keys = new Array(models);
    this.caches = ids.map(() => this.newReplica());
    this.loads = new Int32Array(ids.length);
    this.inFlight = new Int32Array(IN_FLIGHT * ids.length).fill(-1);
    this.at = 0;
    this.resetCounts();
    const { loads } = this;
    this.states = { totalLoad: this.inFlight.length, load: (one) => loads[one], rank: () => 0 };
    // positions of the choice follow the names' order, here they are numbered as they came
    this.placeOf = this.choice.ids.map((id) => ids.indexOf(id));
    this.ids = this.choice.ids;
  }

  newReplica() {
    return { index: this.newCache(), entries: new Map(), models: [] };
  }

  resetCounts() {
    this.served = new Float64Array(this.caches.length);
    this.peak = 0;
    this.spread = 0;
  }

  /** Sends a request for the model. Which replica took it, and whether the model was in its memory. */
  ask(model) {
    const hash = this.hashOf(model);
    const key = (this.keys[model] ??= newKeyState());
    const at = this.choice.choose(hash, key, this.states);
    if (key.owners !== undefined && key.owners.best[0] !== at) this.spread += 1;
    this.served[at] += 1;
    this.fly(at);
    return { at, isHit: this.bringIn(this.caches[at], model) };
  }

  /** A replica leaves, and another takes its place and its name, with nothing in memory. Its position. */
  replaceOne(random) {
    const at = Math.floor(random() * this.caches.length);
    this.caches[at] = this.newReplica();
    this.choice.setReplicas(this.ids);
    return at;
  }

  fly(at) {
    const done = this.inFlight[this.at];
    if (done >= 0) this.loads[done] -= 1;
    this.inFlight[this.at] = at;
    this.at = (this.at + 1) % this.inFlight.length;
    this.loads[at] += 1;
    this.peak = Math.max(this.peak, this.loads[at] / IN_FLIGHT);
  }

  bringIn({ index, entries, models }, model) {
    const known = entries.get(model);
    if (known !== undefined) {
      index.touch(known);
      return true;
    }
    const bytes = this.bytesOf(model);
    const tenant = this.tenantOf(model);
    for (const gone of index.makeRoom(tenant, bytes)) entries.delete(models[gone]);
    const entry = index.add(tenant, bytes, this.costOf(model));
    models[entry] = model;
    entries.set(model, entry);
    return false;
  }
}
