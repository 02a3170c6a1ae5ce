import type { ConsumerOptions } from '@platformatic/kafka';

type Assigner = NonNullable<
  Extract<ConsumerOptions<Buffer, Buffer, Buffer, Buffer>, { groupProtocol?: 'classic' }>['partitionAssigner']
>;

/** kafkajs' name of the same rule, so that members of both libraries can be in one group while one replaces the other. */
export const ASSIGNER_NAME = 'RoundRobinAssigner';

/** Partition i goes to member i mod n of the sorted members that want the topic. */
export const assignPartitions: Assigner = (_self, members, topics, metadata) => {
  const assigned = new Map(
    [...members.keys()].map((id) => [id, new Map<string, { topic: string; partitions: number[] }>()]),
  );
  for (const topic of topics) {
    const wanting = [...members.values()]
      .filter((member) => member.topics?.includes(topic))
      .map(({ memberId }) => memberId)
      .sort();
    const count = metadata.topics.get(topic)?.partitionsCount ?? 0;
    for (let partition = 0; wanting.length > 0 && partition < count; partition += 1) {
      const own = assigned.get(wanting[partition % wanting.length] as string);
      const parts = own?.get(topic) ?? { topic, partitions: [] };
      parts.partitions.push(partition);
      own?.set(topic, parts);
    }
  }
  return [...assigned].map(([memberId, assignments]) => ({ memberId, assignments }));
};
