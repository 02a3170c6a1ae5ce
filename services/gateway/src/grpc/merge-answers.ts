import { inferenceProto } from '@myriad/contracts';
import protobuf from 'protobufjs';
import { addStatistics, type ModelStatistics } from '../application/add-statistics.js';

/** Makes one answer of those of several replicas. */
export type Merge = (answers: readonly Buffer[]) => Buffer;

/** Lists of one field: one behind the other is a list of all, as protobuf has it. */
const oneBehindTheOther: Merge = (answers) => Buffer.concat(answers);

const first: Merge = ([answer]) => answer ?? Buffer.alloc(0);

let statisticsType: protobuf.Type | undefined;

function sum(answers: readonly Buffer[]): Buffer {
  statisticsType ??= protobuf
    .parse(inferenceProto, { keepCase: true })
    .root.lookupType('inference.ModelStatisticsResponse');
  const type = statisticsType;
  const read = answers.map((answer) => type.toObject(type.decode(answer), { longs: Number, defaults: true }));
  const all = read.flatMap(({ model_stats: list }) => list as ModelStatistics[]);
  return Buffer.from(type.encode(type.fromObject({ model_stats: addStatistics(all) })).finish());
}

/** By the names of methods whose calls go to several replicas. */
export const MERGES: Readonly<Record<string, Merge>> = {
  RepositoryIndex: oneBehindTheOther,
  ModelStatistics: sum,
  RepositoryModelUnload: first,
};
