import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdminDoor } from '../src/index.js';

describe('AdminDoor', () => {
  let isStoreUp = false;
  const metricsText = () => Promise.resolve('# metrics\n');
  const readiness = [{ name: 'store', check: () => isStoreUp }];
  const door = new AdminDoor({ service: 'thing', readiness, telemetry: { metricsText } });
  let url = '';
  beforeAll(async () => {
    url = `http://127.0.0.1:${await door.listen(0, '127.0.0.1')}`;
  });
  afterAll(() => door.close());

  it('says whether the service lives, is ready, and ends', async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    isStoreUp = true;
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: 'ready', service: 'thing' });
    door.drain();
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: 'draining' });
  });

  it('gives metrics, and nothing else', async () => {
    expect(await (await fetch(`${url}/metrics`)).text()).toBe('# metrics\n');
    for (const path of ['/', '/things', '/v1/keys']) expect((await fetch(url + path)).status).toBe(404);
    expect((await fetch(`${url}/healthz`, { method: 'POST' })).status).toBe(404);
  });
});
