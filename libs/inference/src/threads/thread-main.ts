// A thread that holds and runs models, one order after the other; see `model-thread.ts`.
import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { ProblemError } from '@myriad/kernel';
import { OnnxRuntimeModel } from '../runtime/onnx-runtime-model.js';
import { checkParity, parseParity } from '../runtime/parity.js';
import { inferenceProblem } from '../inference-problem.js';
import type { TensorMap } from '../tensors/tensor.js';
import { cutRows, joinRows } from './join-rows.js';
import type {
  ThreadAnswer,
  ThreadCall,
  ThreadModel,
  ThreadModelReport,
  ThreadOrder,
  ThreadOutcome,
  ThreadRefusal,
  ThreadReply,
  ThreadSettings,
} from './messages.js';
import { movable } from './movable.js';

const { intraOpThreads, niceness } = workerData as ThreadSettings;
const models = new Map<number, OnnxRuntimeModel>();
/** Orders are done one after the other, though a load waits in between. */
let before: Promise<void> = Promise.resolve();

// on Linux a priority is a thread's own, and the threads of its runs inherit it
if (niceness > 0 && process.platform === 'linux') setPriority(Math.min(19, getPriority() + niceness));

async function load(number: number, { file, parity }: ThreadModel): Promise<ThreadModelReport> {
  const startBytes = process.memoryUsage.rss();
  const model = await OnnxRuntimeModel.load(file, { threads: intraOpThreads, spin: false });
  try {
    const compared = parity && checkParity(model, parseParity(parity, model.signature));
    models.set(number, model);
    const residentBytes = Math.max(0, process.memoryUsage.rss() - startBytes);
    return { signature: model.signature, residentBytes, parity: compared };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function run(number: number, calls: readonly ThreadCall[]): ThreadAnswer {
  const model = models.get(number);
  if (model === undefined) throw new RangeError(`no model has number ${number}`);
  const startMs = performance.now();
  const outcomes =
    (calls.length > 1 ? runTogether(model, calls) : undefined) ?? calls.map((call) => runOne(model, call));
  return { outcomes, micros: (performance.now() - startMs) * 1_000 };
}

function runOne(model: OnnxRuntimeModel, { inputs, outputs }: ThreadCall): ThreadOutcome {
  try {
    return { outputs: model.runSync(inputs, outputs) };
  } catch (error) {
    return { refused: refusalOf(error) };
  }
}

/** undefined where they can't run together: then each runs alone, and whose values are at fault is seen. */
function runTogether(model: OnnxRuntimeModel, calls: readonly ThreadCall[]): readonly ThreadOutcome[] | undefined {
  let together: TensorMap;
  try {
    together = model.runSync(joinRows(calls.map(({ inputs }) => inputs)), calls[0]?.outputs);
  } catch {
    return undefined;
  }
  const rowCounts = calls.map(({ rows }) => rows);
  return cutRows(together, rowCounts)?.map((outputs) => ({ outputs }));
}

async function follow(order: ThreadOrder): Promise<void> {
  const moved = new Set<ArrayBuffer>();
  let reply: ThreadReply;
  try {
    reply = { done: await obey(order, moved) };
  } catch (error) {
    reply = { refused: refusalOf(error) };
  }
  parentPort?.postMessage(reply, [...moved]);
}

async function obey(
  order: ThreadOrder,
  moved: Set<ArrayBuffer>,
): Promise<ThreadModelReport | ThreadAnswer | undefined> {
  switch (order.kind) {
    case 'load':
      return load(order.model, order);
    case 'run': {
      const { outcomes, micros } = run(order.model, order.calls);
      return { outcomes: outcomes.map((outcome) => moving(outcome, moved)), micros };
    }
    case 'unload':
      models.get(order.model)?.dispose();
      models.delete(order.model);
      return undefined;
  }
}

function moving(outcome: ThreadOutcome, moved: Set<ArrayBuffer>): ThreadOutcome {
  return 'outputs' in outcome ? { outputs: movable(outcome.outputs, moved) } : outcome;
}

function refusalOf(error: unknown): ThreadRefusal {
  if (error instanceof ProblemError) return { message: error.message, problem: { kind: error.kind, code: error.code } };
  // what Node says when it gets no memory
  if (error instanceof RangeError) return refusalOf(inferenceProblem('unavailable', 'run_failed', error.message));
  return { message: error instanceof Error ? error.message : String(error) };
}

parentPort?.on('message', (order: ThreadOrder) => {
  before = before.then(() => follow(order));
});
