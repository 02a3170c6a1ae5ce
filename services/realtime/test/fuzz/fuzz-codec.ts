import type { Signature } from '@myriad/inference';
import {
  binaryForm,
  bytesOfMessage,
  grpcForm,
  hasContents,
  jsonForm,
  type HttpForm,
  type Sent,
} from '../protocol/forms.js';
import { isAnswer, overGrpc, overHttp, wordsOf, type Answered, type Outcome } from './codec.js';
import { isJsonable, makeCase, outputName } from './make-case.js';
import { spoilBytes, spoilHeader, spoilJson, spoilMeaning } from './mutate.js';
import { Random } from '../random.js';

/** What was tried and how it ended. */
export interface Tally {
  cases: number;
  requests: number;
  answers: number;
  readonly refusals: Map<string, number>;
  /** Longest that one request held the thread, milliseconds of its CPU time. */
  slowestMs: number;
}

export const newTally = (): Tally => ({ cases: 0, requests: 0, answers: 0, refusals: new Map(), slowestMs: 0 });

/** More than this is a hang. */
const MOST_MS = 2_000;
const SPOILT_BYTES = 6;

/**
 * One seed: a request in all its forms, then spoilt in many ways. Each is answered rightly, or refused with a code and a status from 400 to 499 (501 for what the protocol has and
 * this server has not).
 * @throws {Error} that says which seed, and what went wrong
 */
export function fuzzOnce(seed: number, tally: Tally): void {
  const random = new Random(seed);
  const { signature, sent } = makeCase(random);
  const attempt = (run: () => Outcome): Outcome => counted(run, tally);
  try {
    tally.cases += 1;
    for (const [form, outcome] of outcomesOf(signature, sent, attempt)) expectEcho(form, outcome, sent);
    expectAgreement(outcomesOf(signature, spoilMeaning(random, sent), attempt));
    for (const form of httpFormsOf(sent)) {
      for (const spoilt of [spoilJson(random, form), spoilJson(random, form), spoilHeader(random, form)])
        expectSound(
          signature,
          attempt(() => overHttp(signature, spoilt)),
          attempt,
        );
      for (let i = 0; i < SPOILT_BYTES; i += 1)
        expectSound(
          signature,
          attempt(() => overHttp(signature, { ...form, body: spoilBytes(random, form.body) })),
          attempt,
        );
    }
    for (const message of messagesOf(sent))
      for (let i = 0; i < SPOILT_BYTES; i += 1)
        expectSound(
          signature,
          attempt(() => overGrpc(signature, spoilBytes(random, message))),
          attempt,
        );
  } catch (cause) {
    throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function counted(run: () => Outcome, tally: Tally): Outcome {
  const before = process.threadCpuUsage().user;
  const outcome = run();
  const tookMs = (process.threadCpuUsage().user - before) / 1_000;
  tally.requests += 1;
  tally.slowestMs = Math.max(tally.slowestMs, tookMs);
  if (tookMs > MOST_MS) throw new Error(`a request held the thread for ${tookMs} ms`);
  if (isAnswer(outcome)) tally.answers += 1;
  else {
    const { refusal, status } = outcome;
    if ((status < 400 || status > 499) && status !== 501) throw new Error(`refused with status ${status}: ${refusal}`);
    tally.refusals.set(refusal, (tally.refusals.get(refusal) ?? 0) + 1);
  }
  return outcome;
}

function httpFormsOf(sent: Sent): readonly HttpForm[] {
  const bytes = binaryForm(sent);
  return isJsonable(sent) ? [bytes, jsonForm(sent), jsonForm(sent, { isNested: true })] : [bytes];
}

function messagesOf(sent: Sent): readonly Buffer[] {
  const raw = bytesOfMessage(grpcForm(sent, 'echo', 'raw'));
  if (!sent.inputs.every(({ datatype }) => hasContents(datatype))) return [raw];
  return [raw, bytesOfMessage(grpcForm(sent, 'echo', 'contents'))];
}

type Named = readonly (readonly [form: string, outcome: Outcome])[];

function outcomesOf(signature: Signature, sent: Sent, attempt: (run: () => Outcome) => Outcome): Named {
  const http = httpFormsOf(sent).map((form, i) => [`HTTP ${i}`, attempt(() => overHttp(signature, form))] as const);
  const grpc = messagesOf(sent).map((bytes, i) => [`gRPC ${i}`, attempt(() => overGrpc(signature, bytes))] as const);
  return [...http, ...grpc];
}

/** What was sent comes back, bit for bit; over JSON a NaN is a NaN, and so it is to what writes typed contents here. */
function expectEcho(form: string, outcome: Outcome, sent: Sent): void {
  if (!isAnswer(outcome)) throw new Error(`${form} refused what is right: ${outcome.refusal}`);
  const isOneNan = form !== 'HTTP 0' && form !== 'gRPC 0';
  const byName = new Map(sent.inputs.map((input) => [outputName(input.name), input]));
  const names = sent.outputs ?? outcome.answer.outputs.map(({ name }) => name);
  const wanted: Answered = {
    id: sent.id ?? '',
    outputs: names.map((name) => ({ ...byName.get(name)!, name })),
  };
  if (sent.outputs === undefined && names.length !== sent.inputs.length) throw new Error(`${form} left an output out`);
  if (wordsOf(outcome.answer, { isOneNan }) !== wordsOf(wanted, { isOneNan }))
    throw new Error(`${form} answered wrongly`);
}

/** All forms answer the same, or all refuse. */
function expectAgreement(outcomes: Named): void {
  const said = outcomes.map(([form, outcome]) => ({
    form,
    words: isAnswer(outcome) ? wordsOf(outcome.answer, { isOneNan: true }) : 'refused',
  }));
  const other = said.find(({ words }) => words !== said[0]!.words);
  if (other !== undefined)
    throw new Error(`${said[0]!.form} and ${other.form} differ: ${said[0]!.words} | ${other.words}`);
}

/** Whatever was taken from a spoilt request fits the model, and is itself again when it is sent. */
function expectSound(signature: Signature, outcome: Outcome, attempt: (run: () => Outcome) => Outcome): void {
  if (!isAnswer(outcome)) return;
  const { outputs } = outcome.answer;
  for (const { name, datatype, shape, data } of outputs) {
    const spec = signature.outputs.find((output) => output.name === name);
    const isFit =
      spec?.datatype === datatype &&
      spec.shape.length === shape.length &&
      spec.shape.every((size, i) => size === -1 || size === shape[i]);
    if (!isFit) throw new Error(`'${name}' ${datatype} [${shape.join()}] does not fit the model`);
    if (data.length !== shape.reduce((count, size) => count * size, 1))
      throw new Error(`'${name}' has ${data.length} values`);
  }
  // outputs left out are no inputs
  if (outputs.length < signature.inputs.length) return;
  const inputs = outputs.map((output) => ({ ...output, name: output.name.replace('out ', 'in ') }));
  const again = attempt(() => overHttp(signature, binaryForm({ inputs, outputs: outputs.map(({ name }) => name) })));
  if (!isAnswer(again)) throw new Error(`what was accepted is refused when it is sent again: ${again.refusal}`);
  const words = [outcome.answer, again.answer].map((answer) => wordsOf({ ...answer, id: '' }, { isOneNan: false }));
  if (words[0] !== words[1]) throw new Error('what was accepted is something else when it is sent again');
}
