import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '@myriad/config';
import { promotionApprovedV1 } from '@myriad/contracts';
import { ModelHost, chooseServing, inspectOnnxBytes } from '@myriad/inference';
import { eventLogConfig, makeEvent, openEventLog, toRecord } from '@myriad/messaging';
import { objectStoreConfig, openObjectStore } from '@myriad/storage';
import { z } from 'zod';

const FIXTURES = join(import.meta.dirname, '../../libs/inference/test/fixtures');
const DIGEST_OF_NOTHING = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const READY_MS = 60_000;

/**
 * A tenant with a key of its own and one model in production, placed and loaded the real way from the approved promotion on: deployer, placement,
 * `realtime` process. Answers how to ask it. `model` is a name, the bytes of an ONNX file and the body of a request for one row.
 */
export async function serveModel(mesh, tenantId, model = delayModel()) {
  const api = apiOf(mesh.addresses.gatewayUrl, mesh.secret('admin.key'));
  await api('POST', '/v1/tenants', {
    tenantId,
    displayName: tenantId,
    rateLimit: { requestsPerSecond: 1_000_000, burst: 1_000_000 },
  });
  const bindings = [{ role: 'predictor', tenantId, environment: '*' }];
  const inTenant = { 'x-myriad-tenant': tenantId };
  const principal = await api('POST', '/v1/principals', { kind: 'service-account', name: 'bench', bindings }, inTenant);
  const { key } = await api('POST', '/v1/keys', { principalId: principal.principalId }, inTenant);
  await promote(mesh, tenantId, model);
  const path = `/v2/models/${model.name}/infer`;
  const { body } = model;
  await untilAnswered(`${mesh.addresses.gatewayUrl}${path}`, key, body);
  return { path, body, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } };
}

function apiOf(url, key) {
  return async (method, path, body, headers = {}) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
}

/** A pipeline of four inputs with its first recorded row. */
const delayModel = () => ({
  name: 'delay',
  bytes: readFileSync(join(FIXTURES, 'logistic.onnx')),
  body: JSON.stringify({ inputs: oneRow() }),
});

/** Puts a file, and what it is split in, where the registry would; answers how it is to be served, as admission would. */
async function admit(store, tenantId, bytes) {
  const { way, verdicts, parts } = await chooseServing(bytes, undefined);
  const micros = verdicts.find((verdict) => verdict.way === way)?.micros ?? null;
  const host = new ModelHost();
  try {
    const { memoryBytes } = await host.load(parts);
    if (way === 'whole') return { way, micros, memoryBytes, split: null };
    const [skeleton, weights] = [await store.put(tenantId, parts.skeleton), await store.put(tenantId, parts.weights)];
    const split = {
      skeletonDigest: skeleton.digest,
      skeletonBytes: skeleton.sizeBytes,
      weightsDigest: weights.digest,
      weightsBytes: weights.sizeBytes,
    };
    return { way, micros, memoryBytes, split };
  } finally {
    host.dispose();
  }
}

/** Puts the model's bytes where the registry would, and says what the evaluator would. */
async function promote(mesh, tenantId, { name, bytes }) {
  const store = await openObjectStore(loadConfig(z.object(objectStoreConfig), mesh.objectStore));
  const { digest, sizeBytes } = await store.put(tenantId, bytes);
  const data = {
    ...promotionApprovedV1.example,
    tenantId,
    modelName: name,
    versionId: `ver_${tenantId}`,
    application: null,
    campaignId: null,
    promotionId: `prm_${tenantId}`,
    artifactDigest: digest,
    sizeBytes,
    signature: inspectOnnxBytes(bytes).signature,
    serving: await admit(store, tenantId, bytes),
    evidenceDigest: DIGEST_OF_NOTHING,
  };
  const log = await openEventLog(loadConfig(z.object(eventLogConfig), mesh.eventLog));
  try {
    const event = makeEvent(promotionApprovedV1, { tenantId, data, source: 'evaluator' });
    await log.append([toRecord(event, promotionApprovedV1)]);
  } finally {
    await log.close();
  }
}

/** The first recorded row of the fixture. */
function oneRow() {
  const { inputs } = JSON.parse(readFileSync(join(FIXTURES, 'logistic.parity.json'), 'utf8'));
  return inputs.map(({ name, datatype, data }) => ({ name, datatype, shape: [1, 1], data: [data[0]] }));
}

async function untilAnswered(url, key, body) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const answer = await fetch(url, { method: 'POST', headers, body });
    if (answer.ok) return answer.json();
    if (Date.now() > deadline) throw new Error(`the model does not answer: ${answer.status} ${await answer.text()}`);
    await sleep(100);
  }
}
