import { type CloudEvent, type EventData, type EventDefinition } from '@myriad/contracts';
import { OpenWorld, targetOfState } from '@myriad/invariants';
import type { Mesh } from '../mesh.js';

/** How events of a type stand in the log. */
export const LogOrder = {
  /** The data of the events that are asked for, in the order of the log. */
  async ofKey<D extends EventDefinition>(
    mesh: Mesh,
    definition: D,
    isOne: (data: EventData<D>) => boolean,
  ): Promise<readonly EventData<D>[]> {
    const world = await OpenWorld.open(targetOfState(mesh.stateFolder));
    const found: EventData<D>[] = [];
    try {
      const tail = await world.eventLog.tail({
        topics: [definition.topic.name],
        onRecord: ({ value }) => {
          if (value === null) return;
          const { type, data } = JSON.parse(value.toString('utf8')) as CloudEvent<EventData<D>>;
          if (type === definition.type && isOne(data)) found.push(data);
        },
      });
      await tail.caughtUp;
      await tail.close();
    } finally {
      await world.close();
    }
    return found;
  },
};
