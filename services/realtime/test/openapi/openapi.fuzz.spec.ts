import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fuzzMinutes, fuzzSeed } from '../fuzz/config.js';
import { Random } from '../random.js';
import { startServing, type Serving } from '../serving.js';
import { makeRequest, type MadeRequest, type Token } from './make-request.js';
import { readPage, type Operation } from './page.js';

const EACH = 20;
const { operations, checkProblem } = readPage();
const data = Array.from({ length: 16 }, (_, i) => i);
const HONEST = { inputs: [0, 1].map((i) => ({ name: `INPUT${i}`, datatype: 'INT32', shape: [1, 16], data })) };

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
}

describe('every operation of the published page, whatever is asked of it', () => {
  let serving: Serving;
  let tokens: Record<Token, string | undefined>;
  const agent = new Agent({ keepAlive: true });
  beforeAll(async () => {
    serving = await startServing();
    for (const name of ['simple', 'other']) await serving.place(name, 'simple.onnx');
    const token = (tenant: string, perms: string[]) => serving.harness.token(tenant, { perms });
    tokens = {
      right: await token('aa', ['predictions:invoke', 'models:read']),
      powerless: await token('aa', ['costs:read']),
      foreign: await token('bb', ['predictions:invoke']),
      none: undefined,
      garbage: 'x.y.z',
    };
  }, 60_000);
  afterAll(async () => {
    agent.destroy();
    await serving.close();
  });

  function ask({ method, path, headers, body, token }: MadeRequest): Promise<Answer> {
    const bearer = tokens[token];
    const sent = {
      ...headers,
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      // Node's client frames no body of a method that has none as a rule
      ...(body === undefined ? {} : { 'content-length': String(body.length) }),
    };
    return new Promise((resolve, reject) => {
      const call = request(serving.harness.url + path, { method, headers: sent, agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
        answer.on('end', () => {
          const type = answer.headers['content-type'] ?? '';
          resolve({ status: answer.statusCode ?? 0, type, bytes: Buffer.concat(chunks) });
        });
      });
      call.on('error', reject).end(body);
    });
  }

  async function tryOne(seed: number, operation: Operation, statuses: Set<number>): Promise<void> {
    const random = new Random(seed);
    const made = makeRequest(random, operation, ['simple', 'other'], HONEST);
    const answer = await ask(made).catch((error: unknown) => ({
      status: 0,
      type: '',
      bytes: Buffer.from(String(error)),
    }));
    statuses.add(answer.status);
    const fault = answer.status === 0 ? 'no answer' : faultOf(operation, made, answer);
    if (fault === undefined) return;
    const said = `${answer.status} ${answer.bytes.toString().slice(0, 500)}`;
    const sent = JSON.stringify({ ...made, body: made.body?.toString('latin1') });
    throw new Error(`seed ${seed}, ${operation.id}: ${fault}\n${sent}\n${said}`);
  }

  function faultOf(operation: Operation, made: MadeRequest, { status, type, bytes }: Answer): string | undefined {
    if (status === 500) return 'the service failed';
    if (made.method === 'HEAD') return undefined;
    if (status < 300) return answerFault(operation, made, { status, type, bytes });
    if (!operation.statuses.has(String(status)) && !operation.statuses.has('default'))
      return 'the page has no such status';
    if (!type.startsWith('application/problem+json')) return `a refusal of type '${type}'`;
    const problem = JSON.parse(bytes.toString()) as { code: string; status: number };
    if (!checkProblem(problem)) return `no problem as the page has it: ${JSON.stringify(checkProblem.errors)}`;
    if (problem.status !== status) return 'the problem says another status';
    if (problem.code.startsWith('http.') || made.method !== operation.method) return undefined;
    return operation.problems.has(problem.code) ? undefined : `the page does not list ${problem.code}`;
  }

  function answerFault(operation: Operation, made: MadeRequest, { type, bytes }: Answer): string | undefined {
    if (!operation.isPublic && !['right', 'foreign', 'powerless'].includes(made.token))
      return 'answered without a token';
    if (operation.id.startsWith('infer') && made.token !== 'right') return 'predicted for somebody else';
    if (made.method !== operation.method || !type.startsWith('application/json')) return undefined;
    const { checkAnswer } = operation;
    if (checkAnswer === undefined || checkAnswer(JSON.parse(bytes.toString()))) return undefined;
    return `the answer is not what the page says: ${JSON.stringify(checkAnswer.errors)}`;
  }

  test.each(operations.map((operation) => [operation.id, operation] as const))(
    '%s answers what the page says, and never fails',
    async (_id, operation) => {
      const statuses = new Set<number>();
      for (let seed = fuzzSeed; seed < fuzzSeed + EACH; seed += 1) await tryOne(seed, operation, statuses);
      // not all of them fall at the first fence
      expect(statuses).toContain(200);
    },
  );

  (fuzzMinutes > 0 ? test : test.skip)(
    'and for as long as one likes',
    async () => {
      const statuses = new Set<number>();
      let seed = fuzzSeed + EACH;
      for (const until = performance.now() + fuzzMinutes * 60_000; performance.now() < until; seed += 1)
        for (const operation of operations) await tryOne(seed, operation, statuses);
      const requests = (seed - fuzzSeed - EACH) * operations.length;
      process.stdout.write(`${JSON.stringify({ requests, statuses: [...statuses].sort() })}\n`);
    },
    fuzzMinutes * 90_000 + 60_000,
  );
});
