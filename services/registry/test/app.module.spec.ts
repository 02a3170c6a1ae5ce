import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdmitVersion } from '../src/application/admit-version.js';
import { RegistryApp } from './registry-app.js';

describe('AppModule', () => {
  let app: RegistryApp;
  beforeAll(async () => {
    app = await RegistryApp.start();
  });
  afterAll(() => app.close());

  it('compiles, listens, and needs a token', async () => {
    expect((await fetch(`${app.harness.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${app.harness.url}/v1/datasets`)).status).toBe(401);
    expect(await app.harness.get(AdmitVersion).execute()).toBe(false);
  });
});
