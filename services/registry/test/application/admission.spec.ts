import { readFileSync } from 'node:fs';
import {
  approvalDecidedV1,
  approvalVoidedV1,
  registryRoutes as routes,
  versionAdmittedV1,
  versionRegisteredV1,
  versionRejectedV1,
  versionReviewRequestedV1,
} from '@myriad/contracts';
import { type Digest, ProblemError, digestOf, newId, systemContext, tenantId } from '@myriad/kernel';
import { checkParity, ModelHost, parseParity } from '@myriad/inference';
import { eventually } from '@myriad/testing';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { VERSION_STORE, type VersionStore } from '../../src/application/ports.js';
import { RegisterVersion } from '../../src/application/register-version.js';
import { WorkLoop } from '../../src/application/work-loop.js';
import { bomb, externalData, onnxFile, swelling, trapping } from '../onnx-file.js';
import { RegistryApp } from '../registry-app.js';

const fixtures = `${import.meta.dirname}/../../../../libs/inference/test/fixtures`;
const logistic = readFileSync(`${fixtures}/logistic.onnx`);
const parity = readFileSync(`${fixtures}/logistic.parity.json`, 'utf8');

describe('admission', () => {
  let app: RegistryApp;
  beforeAll(async () => {
    app = await RegistryApp.start();
  });
  afterAll(() => app.close());

  async function rejectionOf(tenant: string, artifact: Uint8Array, parityDigest: Digest | null = null) {
    const runId = await app.runEnded(tenant, artifact, { parityDigest });
    return (await app.harness.event(versionRejectedV1, { runId })).data;
  }

  async function reviewOf(tenant: string) {
    await app.runEnded(tenant, onnxFile('Sin'));
    return (await app.harness.event(versionReviewRequestedV1, { tenantId: tenant })).data;
  }

  it('makes one version of a run that is told twice, with its lineage', async () => {
    const runId = await app.runEnded('aa', logistic, {
      parameters: { seed: 7 },
      parityDigest: await app.upload('aa', parity),
    });
    const { data } = await app.harness.event(versionAdmittedV1, { tenantId: 'aa' });
    expect(data).toMatchObject({
      modelName: 'flight-delay',
      version: 1,
      application: 'flight-delay',
      lineage: { runId },
    });
    await app.harness.flush();
    expect(app.harness.eventsOf(versionRegisteredV1).filter((event) => event.data.tenantId === 'aa')).toHaveLength(1);
    const { lineage, registeredBy } = await app.version('aa', 'flight-delay', 1);
    expect(lineage).toMatchObject({ runId, parameters: { seed: 7 } });
    expect(registeredBy).toBe('sys_training');
  });

  it('admits a real file that gives what its trainer recorded, with signature, profile and parity', async () => {
    await app.runEnded('real', logistic, { parityDigest: await app.upload('real', parity) });
    const { data } = await app.harness.event(versionAdmittedV1, { tenantId: 'real' });
    expect(data).toMatchObject({ family: 'tabular', sizeClass: 'small', sizeBytes: logistic.length });
    expect(data.signature.outputs.map(({ name }) => name).sort()).toEqual(['label', 'probability']);
    expect(data.signature.inputs[0]).toEqual({ name: 'month', datatype: 'FP32', shape: [-1, 1] });
    expect(data.profile.parameterCount).toBeGreaterThan(0);
    expect(data.profile.latencyMicrosP50).toBeGreaterThan(0);
    const { admission, signature, profile } = await app.version('real', 'flight-delay', 1);
    expect(admission).toMatchObject({ status: 'admitted', reasons: [], parity: { rows: 64 } });
    expect(admission.parity?.maxDifference).toBeLessThan(1e-4);
    expect({ signature, profile }).toEqual({ signature: data.signature, profile: data.profile });
  });

  it('finds out how a version is served, stores what it is served from, and says why not otherwise', async () => {
    await app.runEnded('served', logistic, { parityDigest: await app.upload('served', parity) });
    const serving = (await app.harness.event(versionAdmittedV1, { tenantId: 'served' })).data.serving!;
    expect(serving.way).toBe('kernel');
    expect(serving.verdicts.map(({ way }) => way)).toEqual(['whole', 'kernel', 'inputs']);
    expect(serving.verdicts[2]).toMatchObject({
      micros: null,
      reason: 'OneHotEncoder keeps its weights in attributes',
    });
    expect((await app.version('served', 'flight-delay', 1)).serving).toEqual(serving);
    const { objects } = app.harness.parts;
    const tenant = tenantId('served');
    const { skeletonDigest, skeletonBytes, weightsDigest, weightsBytes } = serving.split!;
    const [skeleton, weights] = [
      await objects.getBytes(tenant, skeletonDigest, skeletonBytes),
      await objects.getBytes(tenant, weightsDigest, weightsBytes),
    ];
    expect([skeleton.length, weights.length]).toEqual([skeletonBytes, weightsBytes]);
    const host = new ModelHost();
    const model = await host.load({ way: 'kernel', skeleton, weights });
    expect(model.memoryBytes).toBe(serving.memoryBytes);
    expect(checkParity(model, parseParity(Buffer.from(parity), model.signature)).isEqual).toBe(true);
    expect(await objects.head(tenantId('real'), weightsDigest)).toBeDefined(); // equal bytes, each tenant its own
    expect(await objects.head(tenantId('nobody'), weightsDigest)).toBeUndefined();
  });

  it('serves whole what has no other way, and stores nothing for it', async () => {
    await app.runEnded('svm', readFileSync(`${fixtures}/shapes/svm.onnx`));
    const { serving } = (await app.harness.event(versionAdmittedV1, { tenantId: 'svm' })).data;
    expect(serving).toMatchObject({ way: 'whole', split: null });
    expect(serving?.verdicts[1]?.reason).toMatch(/SVMClassifier/);
    const stored: string[] = [];
    for await (const { digest } of app.harness.parts.objects.list(tenantId('svm'))) stored.push(digest);
    expect(stored).toHaveLength(1);
  });

  test.each(['forest.onnx', 'mlp.onnx'])('admits %s', async (name) => {
    const tenant = name.replace('.onnx', '');
    await app.runEnded(tenant, readFileSync(`${fixtures}/${name}`));
    const { data } = await app.harness.event(versionAdmittedV1, { tenantId: tenant });
    expect(data.family).toBe(name === 'mlp.onnx' ? 'neural' : 'tabular');
    expect((await app.version(tenant, 'flight-delay', 1)).admission.parity).toBeNull();
  });

  it('refuses a file that does not give what its trainer recorded', async () => {
    const record = JSON.parse(parity) as { outputs: { name: string; data: number[] }[] };
    const wrong = record.outputs.find(({ name }) => name === 'probability')?.data ?? [];
    wrong[5] = 1 - (wrong[5] ?? 0) / 2;
    const { reasons } = await rejectionOf('parity', logistic, await app.upload('parity', JSON.stringify(record)));
    expect(reasons).toMatchObject([{ code: 'registry.parity_failed' }]);
    expect(reasons[0]?.detail).toContain("output 'probability', value 5");
    expect((await app.version('parity', 'flight-delay', 1)).admission).toMatchObject({ status: 'rejected', reasons });
  });

  test.each<[string, Uint8Array, string, RegExp]>([
    ['truncated', logistic.subarray(0, 700), 'inference.onnx_truncated', /./],
    ['wrong-magic', Buffer.from('PK\u0003\u0004........', 'latin1'), 'inference.onnx_not_onnx', /ZIP/],
    ['operator', onnxFile('RandomNormalLike'), 'registry.operator_not_allowed', /ai\.onnx:RandomNormalLike/],
    [
      'external-data',
      onnxFile('Relu', { initializer: externalData('../../etc/passwd') }),
      'inference.onnx_external_data',
      /\.\.\/\.\.\/etc\/passwd/,
    ],
    ['bomb', onnxFile('Relu', { initializer: bomb() }), 'inference.onnx_dimension_bomb', /./],
    ['trapping', trapping(), 'inference.onnx_unsafe_division', /operator Div 'quotient'/],
    ['swelling', swelling(), 'inference.onnx_unbounded_size', /operator ConstantOfShape 'zeros'/],
  ])('refuses a file that is: %s', async (tenant, artifact, code, detail) => {
    const { reasons, runId, modelName, version } = await rejectionOf(tenant, artifact);
    expect(reasons).toMatchObject([{ code }]);
    expect(reasons[0]?.detail).toMatch(detail);
    expect(runId).toMatch(/^run_/);
    expect((await app.version(tenant, modelName, version)).admission.status).toBe('rejected');
  });

  it('refuses an artifact that is not there, and a parity file that is none', async () => {
    expect((await rejectionOf('gone', logistic, digestOf('gone'))).reasons).toMatchObject([
      { code: 'storage.object_not_found' },
    ]);
    const { reasons } = await rejectionOf('garbage', logistic, await app.upload('garbage', '{"inputs": 7}'));
    expect(reasons[0]?.code).toMatch(/^inference\./);
  });

  it('puts an unusual version before a person, with the report as evidence', async () => {
    const review = await reviewOf('unusual');
    expect(review).toMatchObject({ requestedBy: 'sys_training', reasons: [{ code: 'registry.family_unusual' }] });
    const bytes = await app.harness.parts.objects.getBytes(tenantId('unusual'), review.evidenceDigest);
    expect(JSON.parse(bytes.toString())).toMatchObject({ kind: 'version-review', versionId: review.versionId });
    expect((await app.version('unusual', 'flight-delay', 1)).admission.status).toBe('awaiting-review');
  });

  async function decide(tenant: string, subjectId: string, evidenceDigest: Digest, decision: 'approved' | 'rejected') {
    const decided = { subjectId, evidenceDigest, decision, kind: 'version-review', comment: 'seen' } as const;
    await app.harness.publish(approvalDecidedV1, tenant, {
      ...approvalDecidedV1.example,
      ...decided,
      tenantId: tenant,
    });
  }

  it('admits an unusual version when the person says yes to that report', async () => {
    const { versionId, evidenceDigest } = await reviewOf('yes');
    await decide('yes', versionId, digestOf('another report'), 'approved');
    await decide('other', versionId, evidenceDigest, 'approved');
    expect((await app.version('yes', 'flight-delay', 1)).admission.status).toBe('awaiting-review');
    await decide('yes', versionId, evidenceDigest, 'approved');
    await decide('yes', versionId, evidenceDigest, 'rejected');
    expect((await app.harness.event(versionAdmittedV1, { versionId })).data).toMatchObject({ family: 'other' });
    expect((await app.version('yes', 'flight-delay', 1)).admission.status).toBe('admitted');
    await app.harness.flush();
    expect(app.harness.eventsOf(versionAdmittedV1).filter(({ data }) => data.versionId === versionId)).toHaveLength(1);
  });

  it('refuses an unusual version when the person says no, or when the review is void', async () => {
    const no = await reviewOf('no');
    await decide('no', no.versionId, no.evidenceDigest, 'rejected');
    const { reasons } = (await app.harness.event(versionRejectedV1, { versionId: no.versionId })).data;
    expect(reasons.map(({ code }) => code)).toEqual(['registry.family_unusual', 'registry.review_rejected']);
    expect(reasons[1]?.detail).toBe('usr_2 refused it: seen');
    const { versionId: subjectId, evidenceDigest } = await reviewOf('void');
    const voided = { subjectId, evidenceDigest, kind: 'version-review', reason: 'expired', tenantId: 'void' } as const;
    await app.harness.publish(approvalVoidedV1, 'void', { ...approvalVoidedV1.example, ...voided });
    const ended = (await app.harness.event(versionRejectedV1, { versionId: subjectId })).data;
    expect(ended.reasons[1]?.detail).toContain('void: expired');
  });

  it('registers an uploaded file for its tenant, and refuses what was not uploaded or is not known', async () => {
    const artifactDigest = await app.upload('hand', logistic);
    const register = (tenant: string, more: object = {}) =>
      app.harness.request(routes.registerModelVersion, {
        tenant,
        params: { name: 'mine' },
        body: { artifactDigest, ...more },
      });
    const made = (await register('hand')).body;
    expect(made).toMatchObject({ version: 1, admission: { status: 'pending' }, lineage: { runId: null } });
    expect((await app.harness.event(versionAdmittedV1, { tenantId: 'hand' })).data.lineage.runId).toBeNull();
    expect((await register('hand')).body.version).toBe(2);
    expect((await register('thief')).problem.code).toBe('registry.upload_not_found');
    expect((await register('hand', { parityDigest: digestOf('gone') })).problem.code).toBe('registry.upload_not_found');
    const unknown = (await register('hand', { application: 'nowhere' })).problem;
    expect(unknown).toMatchObject({ code: 'registry.application_not_found', errors: [{ pointer: '/application' }] });
    const list = (tenant: string) =>
      app.harness.request(routes.listModelVersions, { tenant, params: { name: 'mine' }, query: { pageSize: 1 } });
    expect((await list('hand')).body).toMatchObject({ items: [{ version: 2 }], nextPageToken: expect.any(String) });
    expect((await list('thief')).problem.code).toBe('registry.model_not_found');
    const read = await app.harness.request(routes.getModelVersion, {
      tenant: 'thief',
      params: { name: 'mine', version: 1 },
    });
    expect(read.problem.code).toBe('registry.model_version_not_found');
    expect((await app.harness.request(routes.listModels, { tenant: 'thief' })).body.items).toEqual([]);
  });

  /** Registers a version and takes it `times` times, as workers would that then die. */
  async function takenAndLost(tenant: string, times: number): Promise<void> {
    const artifactDigest = await app.upload(tenant, logistic);
    const versions = app.harness.get<VersionStore>(VERSION_STORE);
    await app.harness.uow.run(systemContext('registry', tenantId(tenant)), async (tx) => {
      await app.harness.get(RegisterVersion).onRun(tx, {
        modelName: 'm',
        application: null,
        artifactDigest,
        parityDigest: null,
        sizeBytes: logistic.length,
        registeredBy: 'sys_training',
        lineage: { runId: newId('run'), fleetRunId: null, datasetDigests: [], recipeDigest: null, parameters: {} },
      });
      const now = new Date(app.clock.nowMs());
      for (let at = 0; at < times; at += 1)
        await versions.claim(tx, now, new Date(now.getTime() + 1)).then((taken) => {
          expect(taken?.tenantId).toBe(tenant);
        });
    });
  }
  const status = async (tenant: string) => (await app.version(tenant, 'm', 1)).admission.status;

  it('takes over a version whose worker is lost, after two minutes and not before', async () => {
    await takenAndLost('stale', 1);
    app.clock.advance(120_000);
    // a version that comes later is admitted meanwhile: the loop has looked
    await app.runEnded('meanwhile', logistic);
    await app.harness.event(versionAdmittedV1, { tenantId: 'meanwhile' });
    expect(await status('stale')).toBe('pending');
    app.clock.advance(1);
    app.harness.get(WorkLoop).wake();
    await eventually(async () => {
      expect(await status('stale')).toBe('admitted');
    });
    await app.harness.flush();
    expect(app.harness.eventsOf(versionAdmittedV1).filter(({ data }) => data.tenantId === 'stale')).toHaveLength(1);
  });

  it('keeps what it found of a version while the database is away for a moment', async () => {
    const store = app.harness.get<VersionStore>(VERSION_STORE);
    const real = store.update.bind(store);
    let refusals = 0;
    store.update = (tx, version) => {
      refusals += 1;
      if (refusals > 2) return real(tx, version);
      const code = 'persistence.database_unavailable';
      return Promise.reject(new ProblemError({ kind: 'unavailable', code, detail: 'away' }));
    };
    try {
      // its last attempt: an outage does not refuse it
      await takenAndLost('outage', 2);
      app.clock.advance(120_001);
      app.harness.get(WorkLoop).wake();
      await eventually(async () => {
        expect(await status('outage')).toBe('admitted');
      });
      expect(refusals).toBe(3);
    } finally {
      store.update = real;
    }
  });

  it('refuses a version that took three workers down with it, without looking again', async () => {
    await takenAndLost('deadly', 3);
    app.clock.advance(120_001);
    app.harness.get(WorkLoop).wake();
    const { data } = await app.harness.event(versionRejectedV1, { tenantId: 'deadly' });
    expect(data.reasons).toMatchObject([{ code: 'registry.admission_failed' }]);
    expect(await status('deadly')).toBe('rejected');
  });
});
