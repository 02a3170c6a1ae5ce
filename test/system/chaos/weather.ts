import type { Between } from './chaos-mesh.js';
import type { FaultScene } from './fault.js';

/** Where the network can be troubled. */
export interface Place<W> {
  /** Of weather other than fair: requests, connections or chunks of bytes that met it since it was set. */
  readonly hits: number;
  /** Changes the weather; `hits` begins at 0. */
  set(weather: W): void;
  /** Fair weather again. */
  clear(): void;
}

/** What is done to a place, and for how long. */
export interface Spell<W> {
  readonly at: (between: Between) => Place<W> | undefined;
  readonly weather: W;
  /** Milliseconds as people run it, and as CI does. */
  readonly full: number;
  readonly short: number;
  /** Done at the end of it, while it still lasts. */
  readonly meanwhile?: (scene: FaultScene) => Promise<void>;
}

/** A strike of weather, which ends whatever happens meanwhile. @throws when it hit nothing: then it proved nothing. */
export function spellOf<W>({ at, weather, full, short, meanwhile }: Spell<W>): (scene: FaultScene) => Promise<void> {
  return async (scene) => {
    const place = at(scene.between);
    if (place === undefined) throw new Error('this mesh has no such place');
    place.set(weather);
    try {
      await scene.pause(scene.isFull ? full : short);
      await meanwhile?.(scene);
      if (place.hits === 0) throw new Error(`nothing met ${JSON.stringify(weather)}`);
    } finally {
      place.clear();
    }
  };
}
