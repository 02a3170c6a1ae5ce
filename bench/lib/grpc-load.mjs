import { fork } from 'node:child_process';
import { inferenceProto } from '@myriad/contracts';
import protobuf from 'protobufjs';
import { unaryLoad } from './h2-load.mjs';

const PATH = '/inference.GRPCInferenceService/ModelInfer';
const CHANNELS = 4;

/** The bytes of a request for one row of FP32, in base64. */
export function inferMessage(model, input, row) {
  const { root } = protobuf.parse(inferenceProto, { keepCase: true });
  const type = root.lookupType('inference.ModelInferRequest');
  const raw = Buffer.from(Float32Array.from(row).buffer);
  const inputs = [{ name: input, datatype: 'FP32', shape: [1, row.length] }];
  const message = type.fromObject({ model_name: model, inputs, raw_input_contents: [raw] });
  return Buffer.from(type.encode(message).finish()).toString('base64');
}

/**
 * ModelInfer again and again with a message of {@link inferMessage}, `connections` calls at once for `seconds`, from a process of its own: tells `{latencies, failures}`, milliseconds.
 */
export function grpcLoad(options) {
  const child = fork(import.meta.filename, { env: { ...process.env, BENCH_GRPC_LOAD: '1' } });
  return new Promise((resolve, reject) => {
    child.once('message', ({ told, error }) => (error === undefined ? resolve(told) : reject(new Error(error))));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)));
    child.send(options);
  });
}

function ask({ port, message, token, connections, seconds }) {
  return unaryLoad({
    ...{ port, path: PATH, calls: connections, seconds, connections: Math.min(CHANNELS, connections) },
    message: Buffer.from(message, 'base64'),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
}

if (process.send && process.env.BENCH_GRPC_LOAD) {
  process.once('message', async (options) => {
    const answer = await ask(options).then(
      (told) => ({ told }),
      (error) => ({ error: error.message }),
    );
    process.send(answer, () => process.exit(0));
  });
}
