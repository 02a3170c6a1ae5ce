import { randomBytes } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, PLATFORM_TENANT, newId, systemClock, tenantId } from '@myriad/kernel';
import { FileObjectStore } from '@myriad/storage';
import { type TempFolder, tempFolder } from '@myriad/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { ProcessJobRunner } from '../../src/adapters/process/process-job-runner.js';
import type { RunnerExit, RunnerMessage, RunnerTask } from '../../src/application/ports.js';
import { newJob } from '../../src/application/submit-job.js';
import { fakeRunner, interpreter, runnerEnvironment } from '../fake-runner.js';

const LIMITS = { timeoutSeconds: 30, memoryBytes: 2 ** 30, logBytes: 10_000, maxAttempts: 2 };
const machinePython = interpreter();
type Said<T extends RunnerMessage['t']> = Extract<RunnerMessage, { t: T }>;

describe('ProcessJobRunner', () => {
  let folder: TempFolder;
  let objects: FileObjectStore;
  let pythonPath: string;
  beforeAll(async () => {
    folder = await tempFolder();
    objects = await FileObjectStore.open({ root: join(folder.path, 'objects'), signingKey: randomBytes(32) });
    pythonPath = await fakeRunner(folder.path);
  });
  afterAll(() => folder.remove());

  const jobs = () => join(folder.path, 'jobs');
  const taskOf = (tenant: string, inputs: RunnerTask['inputs'] = []): RunnerTask => ({
    taskId: newId('run'),
    tenantId: tenantId(tenant),
    modelName: 'm',
    inputs,
  });

  /** Runs a recipe, and gives how it ended and what it said. */
  async function run(
    source: string,
    {
      tasks = [taskOf('aa')],
      signal = new AbortController().signal,
      python = machinePython,
      logBytes = LIMITS.logBytes,
    } = {},
  ) {
    const { digest } = await objects.put(PLATFORM_TENANT, Buffer.from(source));
    const about = { fleetRunId: null, createdBy: 'usr_1', now: new Date(), clock: systemClock };
    const limits = { ...LIMITS, logBytes };
    const spec = {
      source: { tenantId: PLATFORM_TENANT, digest, entryPoint: 'train' },
      parameters: { seed: 7 },
      limits,
    };
    const job = { ...newJob({ ...about, ...spec }), tenantId: PLATFORM_TENANT, attempt: 1, label: 'late' };
    const runner = new ProcessJobRunner({
      python,
      folder: jobs(),
      environment: runnerEnvironment(pythonPath),
      objects,
    });
    const said: RunnerMessage[] = [];
    const listen = (message: RunnerMessage): Promise<void> => Promise.resolve(void said.push(message));
    const exit: RunnerExit = await runner.run({ job, tasks }, listen, signal);
    expect(await readdir(jobs())).toEqual([]);
    const of = <T extends RunnerMessage['t']>(t: T) => said.filter((message): message is Said<T> => message.t === t);
    return { exit, tasks: of('task'), metrics: of('metric'), logs: of('log').map(({ message }) => message) };
  }

  it('hands tasks and datasets over, and stores what comes back for its tenant before it is told', async () => {
    const bytes = Buffer.from('a\n1\n');
    const inputs = [
      { name: 'd', version: 3, format: 'csv' as const, digest: (await objects.put(tenantId('bb'), bytes)).digest },
    ];
    const tasks = [taskOf('aa'), taskOf('bb', inputs)];
    const source = `
say(t='log', level='info', message=open(tasks[1]['datasets'][0]['path']).read(), taskId=tasks[1]['taskId'])
say(t='log', level='info', message=json.dumps([spec['parameters'], spec['attempt'], tasks[1]['label'], sorted(os.environ)]))
say(t='metric', taskId=tasks[0]['taskId'], name='auc', value=0.5, step=1)
open('parity.json', 'w').write('{}')
end(tasks[0], auc=0.75, parity=os.path.abspath('parity.json'))
end(tasks[1], 'inconclusive', '29 rows')
done()`;
    const { exit, tasks: ended, metrics, logs } = await run(source, { tasks });
    expect(exit).toMatchObject({ isComplete: true, reason: '' });
    expect(ended).toMatchObject([
      { taskId: tasks[0]?.taskId, outcome: 'succeeded', metrics: { auc: 0.75 }, durationMs: 12.5 },
      { taskId: tasks[1]?.taskId, outcome: 'inconclusive', reason: '29 rows', artifact: null, parityDigest: null },
    ]);
    expect(metrics).toEqual([{ t: 'metric', taskId: tasks[0]?.taskId, name: 'auc', value: 0.5, step: 1 }]);
    const stored = await objects.getBytes(tenantId('aa'), ended[0]?.artifact?.digest as Digest);
    expect(stored.toString()).toBe('model of aa');
    expect((await objects.getBytes(tenantId('aa'), ended[0]?.parityDigest as Digest)).toString()).toBe('{}');
    expect(logs[0]).toBe('a\n1\n');
    const [parameters, attempt, label, names] = JSON.parse(logs[1] ?? '[]') as unknown[];
    expect([parameters, attempt, label]).toEqual([{ seed: 7 }, 1, 'late']);
    expect((names as string[]).filter((name) => !/^(PATH|PYTHON\w+|LC_CTYPE)$/.test(name))).toEqual([]);
  });

  it('ends a process that takes longer than its limit, even one that does not listen', async () => {
    const source = `
import signal
signal.signal(signal.SIGTERM, lambda *_: say(t='log', level='info', message='asked to stop'))
end(tasks[0])
while True: time.sleep(1)`;
    const { exit, tasks, logs } = await run(source, { signal: AbortSignal.timeout(700) });
    expect(exit).toMatchObject({ isComplete: false, reason: 'it took longer than its limit of 30 s' });
    expect(tasks).toMatchObject([{ outcome: 'succeeded' }]);
    expect(logs).toEqual(['asked to stop']);
  });

  it('says why it was stopped, be it before it began', async () => {
    const stop = new AbortController();
    stop.abort('cancelled');
    expect((await run('time.sleep(60)', { signal: stop.signal })).exit.reason).toBe('cancelled');
  });

  it('ends what a process started along with it, and does not wait for it', async () => {
    const source = `
import subprocess
child = subprocess.Popen(['sleep', '60'])
say(t='log', level='info', message=str(child.pid))
end(tasks[0]); done()`;
    const { exit, logs } = await run(source);
    expect(exit.isComplete).toBe(true);
    const state = await readFile(`/proc/${logs[0]}/stat`, 'utf8').catch(() => 'gone');
    expect(state).toMatch(/^gone$|\) [ZX] /);
  });

  it('caps the log, says so once, and takes the results that follow', async () => {
    const source = `
for at in range(500): say(t='log', level='info', message='x' * 99)
end(tasks[0]); done()`;
    const { exit, tasks, logs } = await run(source);
    expect([exit.isComplete, tasks.length]).toEqual([true, 1]);
    expect(logs).toHaveLength(102);
    expect(logs.at(-1)).toBe('the log is longer than 10000 bytes; the rest is dropped');
  });

  it('drops a line without end instead of keeping it in memory', async () => {
    const source = `
sys.stdout.write('y' * 3_000_000 + '\\n')
end(tasks[0]); done()`;
    const { exit, tasks, logs } = await run(source, { logBytes: 1_000_000 });
    expect([exit.isComplete, tasks.length]).toEqual([true, 1]);
    expect(logs.join('').length).toBeLessThan(10_000);
    expect(logs[0]).toContain('was dropped');
  });

  it('logs what is no message and names what is no task of the job, and goes on', async () => {
    const source = `
print('hello', flush=True)
print('{"t": "task", "taskId": 7}', flush=True)
say(t='metric', taskId=tasks[0]['taskId'], name='auc', value='high', step=0)
end({**tasks[0], 'taskId': 'run_of_somebody'})
end(tasks[0]); done()`;
    const { exit, tasks, metrics, logs } = await run(source);
    expect([exit.isComplete, metrics.length]).toEqual([true, 0]);
    expect(tasks).toHaveLength(1);
    expect(logs.slice(0, 3).every((line) => line.includes('no message'))).toBe(true);
    expect(logs[0]).toContain('hello');
    expect(logs[3]).toContain('run_of_somebody');
  });

  test.each([
    ['a path that climbs', `'../../../etc/passwd'`, /out of the job folder|no such file/i],
    ['an absolute path elsewhere', `'/etc/passwd'`, /out of the job folder/],
    ['a link that leads out', `(os.symlink('/etc/passwd', 'link'), 'link')[1]`, /out of the job folder/],
    ['a folder', `(os.mkdir('made'), 'made')[1]`, /no file/],
    ['nothing', `'gone.onnx'`, /no such file/i],
  ])('refuses an artifact that is %s', async (_name, path, reason) => {
    const { exit, tasks } = await run(`end(tasks[0], artifact=${path}); done()`);
    expect(exit.isComplete).toBe(true);
    expect(tasks).toMatchObject([{ outcome: 'failed', artifact: null }]);
    expect(tasks[0]?.reason).toMatch(reason);
  });

  it('refuses a success without an artifact', async () => {
    const source = `say(t='task', taskId=tasks[0]['taskId'], outcome='succeeded', reason='', artifactPath=None, parityPath=None, metrics={}, durationMs=0)\ndone()`;
    expect((await run(source)).tasks).toMatchObject([
      { outcome: 'failed', reason: expect.stringContaining('without') },
    ]);
  });

  test.each([
    ['a code', `sys.stderr.write('no such column\\n'); sys.exit(3)`, /^the process ended with code 3: no such column$/],
    ['a signal', `import signal; os.kill(os.getpid(), signal.SIGKILL)`, /SIGKILL, perhaps for want of memory/],
    ['an exception', `raise ValueError('two kinds')`, /code 1: ValueError: two kinds/],
    ['code 0 but not done', `sys.exit(0)`, /code 0/],
  ])('says that the process broke off with %s, and keeps its last words as log', async (_name, source, reason) => {
    const { exit } = await run(source);
    expect(exit.isComplete).toBe(false);
    expect(exit.reason).toMatch(reason);
  });

  it('keeps standard error as log', async () => {
    const { logs } = await run(`sys.stderr.write('one\\ntwo'); end(tasks[0]); done()`);
    expect(logs).toEqual(['one\ntwo']);
  });

  it('says that an interpreter is not there', async () => {
    const { exit } = await run('done()', { python: '/nonexistent/python' });
    expect(exit).toMatchObject({ isComplete: false, reason: expect.stringContaining('could not be started') });
  });
});
