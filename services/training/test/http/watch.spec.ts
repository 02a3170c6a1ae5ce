import { trainingRoutes as routes } from '@myriad/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TrainingApp } from '../training-app.js';

interface Heard {
  readonly id: number | undefined;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Server-sent events of a whole stream. */
function heard(text: string): readonly Heard[] {
  return text
    .split('\n\n')
    .filter((block) => block.includes('event: '))
    .map((block) => {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
      );
      const id = fields['id'] === undefined ? undefined : Number(fields['id']);
      return { id, event: fields['event'] ?? '', data: JSON.parse(fields['data'] ?? '{}') as Heard['data'] };
    });
}

describe('what a job says', () => {
  let app: TrainingApp;
  let jobId: string;
  beforeAll(async () => {
    app = await TrainingApp.start();
    await app.dataset('aa');
    const source = `
for at in range(5): say(t='log', level='info', message='line %d' % at)
say(t='metric', taskId=tasks[0]['taskId'], name='loss', value=0.5, step=1)
time.sleep(0.5)
end(tasks[0]); done()`;
    ({ jobId } = (await app.submit('aa', source)).body);
  });
  afterAll(() => app.close());

  const watch = async (headers: Record<string, string> = {}): Promise<readonly Heard[]> =>
    heard((await app.harness.request(routes.watchJob, { tenant: 'aa', params: { jobId }, headers })).text);

  it('is streamed while it runs, in order, until it has ended', async () => {
    const events = await watch();
    expect(events.map(({ event }) => event)).toEqual([
      'status',
      ...Array<string>(5).fill('log'),
      'metric',
      'run',
      'status',
      'end',
    ]);
    expect(events.flatMap(({ data }) => data['message'] ?? [])).toEqual([0, 1, 2, 3, 4].map((at) => `line ${at}`));
    expect(events.filter(({ event }) => event === 'status').map(({ data }) => data['status'])).toEqual([
      'running',
      'succeeded',
    ]);
    const ids = events.flatMap(({ id }) => id ?? []);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });

  it('goes on after the last event that a client saw, without a gap or a repetition', async () => {
    const whole = await watch();
    const seen = whole[3]?.id ?? 0;
    expect(await watch({ 'last-event-id': String(seen) })).toEqual(whole.slice(4));
    expect(await watch({ 'last-event-id': 'nonsense' })).toEqual(whole);
    expect((await watch({ 'last-event-id': String(whole.at(-2)?.id) })).map(({ event }) => event)).toEqual(['end']);
  });

  it('is kept as pages of log lines', async () => {
    await app.ended('aa', jobId);
    const page = async (query: Record<string, string | number>) =>
      (await app.harness.request(routes.getJobLogs, { tenant: 'aa', params: { jobId }, query })).body;
    const first = await page({ pageSize: 3 });
    const second = await page({ pageSize: 3, pageToken: first.nextPageToken ?? '' });
    expect([...first.items, ...second.items].map(({ message }) => message)).toEqual(
      [0, 1, 2, 3, 4].map((at) => `line ${at}`),
    );
    expect(second.nextPageToken).toBeUndefined();
  });
});
