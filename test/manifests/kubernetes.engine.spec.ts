import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, ClusterClient, type Manifest } from './cluster-client.js';
import {
  OVERLAYS,
  type OverlayName,
  type PodSpec,
  type Workload,
  isWorkload,
  mountsOf,
  podOf,
  portsFor,
  probedPorts,
  renderedOverlay,
  toldTo,
} from './overlay.js';

const {
  MYRIAD_TEST_KUBERNETES: url,
  MYRIAD_TEST_KUBERNETES_TOKEN: token = '',
  MYRIAD_TEST_KUBERNETES_CA: ca = '',
} = process.env;
/** Without the engine the suite skips itself; `test-engines.mjs` says why. */
const describeWithCluster = url === undefined ? describe.skip : describe;

const titleOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`;
const messageOf = ({ body }: Answer): string => String(body['message']);
const versionOf = ({ body }: Answer): unknown => (body['metadata'] as Record<string, unknown>)['resourceVersion'];

describeWithCluster('the manifests on a real API server', () => {
  const overlays = new Map<OverlayName, readonly Manifest[]>();
  let cluster: ClusterClient;

  const objectsOf = (name: OverlayName): readonly Manifest[] => overlays.get(name) ?? [];
  const workload = (name: OverlayName, service: string): Workload =>
    objectsOf(name)
      .filter(isWorkload)
      .find(({ metadata }) => metadata.name === service)!;

  /** The quota as its controller counts it at first: nothing is used. There is no controller here. */
  async function countFromZero(quota: Manifest): Promise<void> {
    const { hard } = quota['spec'] as { hard: Record<string, string> };
    const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
    expect((await cluster.writeStatus(quota, { hard, used })).status).toBe(200);
  }

  beforeAll(async () => {
    cluster = new ClusterClient(url!, token, ca);
    for (const name of OVERLAYS) overlays.set(name, await renderedOverlay(name));
  });

  afterAll(() => {
    cluster.close();
  });

  describe.each(OVERLAYS)('%s', (name) => {
    it('is accepted object by object by a dry run with strict fields, without a warning', async () => {
      const [namespace, ...others] = objectsOf(name);
      expect(namespace?.kind).toBe('Namespace');
      // what lives in a namespace can't be tried before the namespace is there
      expect(await cluster.apply(namespace!)).toMatchObject({ status: 201, warnings: [] });
      for (const object of others) {
        const { status, body, warnings } = await cluster.apply(object, { isDryRun: true });
        expect({ of: titleOf(object), status, warnings, message: body['message'] }).toEqual({
          of: titleOf(object),
          status: 201,
          warnings: [],
          message: undefined,
        });
      }
      expect((await cluster.get(others.at(-1)!)).status).toBe(404);
    });

    it('is kept when it is applied, and applying it again changes nothing', async () => {
      const versions = new Map<string, unknown>();
      for (const object of objectsOf(name)) {
        const answer = await cluster.apply(object);
        expect([200, 201]).toContain(answer.status);
        expect(answer.warnings).toEqual([]);
        versions.set(titleOf(object), versionOf(answer));
      }
      expect(versions.size).toBeGreaterThan(40);
      for (const object of objectsOf(name)) {
        const again = versionOf(await cluster.apply(object));
        expect({ of: titleOf(object), version: again }).toEqual({
          of: titleOf(object),
          version: versions.get(titleOf(object)),
        });
      }
    });

    it('admits a pod of every workload under PodSecurity, limits and quota', async () => {
      await countFromZero(objectsOf(name).find(({ kind }) => kind === 'ResourceQuota')!);
      const workloads = objectsOf(name).filter(isWorkload);
      expect(workloads.length).toBeGreaterThanOrEqual(8);
      for (const each of workloads) {
        const answer = await cluster.create(podOf(each, 'tried'), { isDryRun: true });
        expect({
          of: each.metadata.name,
          status: answer.status,
          warnings: answer.warnings,
          says: answer.body['message'],
        }).toEqual({
          of: each.metadata.name,
          status: 201,
          warnings: [],
          says: undefined,
        });
      }
    });

    it('refuses a pod that is privileged, runs as root, or mounts the host', async () => {
      const gateway = workload(name, 'gateway');
      const [container] = gateway.spec.template.spec.containers;
      const volumes = gateway.spec.template.spec['volumes'] as { name: string }[];
      const mounted = volumes.filter((volume) => volume.name !== 'state');
      const changes: Partial<PodSpec>[] = [
        { containers: [{ ...container, securityContext: { privileged: true } }] },
        { securityContext: { runAsUser: 0 } },
        { hostNetwork: true },
        { volumes: [...mounted, { name: 'state', hostPath: { path: '/' } }] },
      ];
      for (const change of changes) {
        const answer = await cluster.create(podOf(gateway, 'refused', change), { isDryRun: true });
        expect(messageOf(answer)).toContain('violates PodSecurity "restricted:latest"');
        expect(answer.status).toBe(403);
      }
    });
  });

  it.each(OVERLAYS)('%s tells every service where its files are, and mounts them there', (name) => {
    for (const each of objectsOf(name).filter(isWorkload)) {
      const files = Object.entries(toldTo(each, objectsOf(name))).filter(([key]) => key.endsWith('_FILE'));
      const mounts = mountsOf(each);
      expect(files.length).toBeGreaterThan(1);
      for (const [key, path] of files)
        expect({ key, isMounted: mounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`)) }).toEqual({
          key,
          isMounted: true,
        });
    }
  });

  it('production alone speaks mutual TLS, and is asked how it is on a port that needs no certificate', () => {
    for (const name of OVERLAYS) {
      for (const each of objectsOf(name).filter(isWorkload)) {
        const service = each.metadata.name;
        const told = toldTo(each, objectsOf(name));
        const certificate = mountsOf(each).find(({ mountPath }) => mountPath === '/run/tls')?.volume;
        const isProduction = name === 'production';
        expect(certificate?.secret?.secretName).toBe(isProduction ? `production-${service}-tls` : undefined);
        expect(told['TLS_KEY_FILE']).toBe(isProduction ? '/run/tls/tls.key' : undefined);
        expect(Object.values(told).filter((value) => /^http:\/\/[a-z{}-]+:8080/.test(value)).length > 0).toBe(
          !isProduction && ['gateway', 'deployer'].includes(service),
        );
        const port = Number(told['ADMIN_PORT'] ?? told['PORT']);
        expect(probedPorts(each)).toEqual([port, port, port]);
        expect(portsFor(objectsOf(name), { service, namespace: 'monitoring' })).toEqual([port]);
      }
    }
  });

  it('warns of a workload whose pods would be refused, so that a silent dry run says something', async () => {
    const gateway = workload('research', 'gateway');
    const spec = { ...gateway.spec.template.spec, hostNetwork: true };
    const template = { ...gateway.spec.template, spec };
    const answer = await cluster.apply({ ...gateway, spec: { ...gateway.spec, template } }, { isDryRun: true });
    expect(answer.status).toBe(200);
    expect(answer.warnings.join()).toMatch(/would violate PodSecurity .*hostNetwork=true/);
  });

  it('refuses a field that is mistyped, in an apply and in a create', async () => {
    const gateway = workload('research', 'gateway');
    const mistyped = {
      ...gateway,
      metadata: { ...gateway.metadata, name: 'mistyped' },
      spec: { ...gateway.spec, replica: 2 },
    };
    const applied = await cluster.apply(mistyped, { isDryRun: true });
    expect(applied.status).toBeGreaterThanOrEqual(400);
    expect(messageOf(applied)).toContain('.spec.replica: field not declared in schema');
    const created = await cluster.create(mistyped, { isDryRun: true });
    expect(created.status).toBe(400);
    expect(messageOf(created)).toContain('unknown field "spec.replica"');
  });

  it('refuses a pod over the quota and one larger than the limits', async () => {
    const namespace = 'quota-test';
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'one', namespace },
      spec: { hard: { pods: '1' } },
    };
    const limits = objectsOf('research').find(({ kind }) => kind === 'LimitRange')!;
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'gateway', namespace } };
    const objects = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      { ...limits, metadata: { ...limits.metadata, namespace } },
      account,
      quota,
    ];
    for (const object of objects) expect((await cluster.apply(object)).status).toBe(201);
    await countFromZero(quota);
    const pod = (name: string, change: Partial<PodSpec> = {}) => {
      const made = podOf(workload('research', 'gateway'), name, change);
      return { ...made, metadata: { ...made.metadata, namespace } };
    };
    const [container] = workload('research', 'gateway').spec.template.spec.containers;
    const large = {
      containers: [{ ...container, resources: { requests: { memory: '1Gi' }, limits: { memory: '64Gi' } } }],
    };
    const tooLarge = await cluster.create(pod('large', large));
    expect(tooLarge.status).toBe(403);
    expect(messageOf(tooLarge)).toContain('maximum memory usage per Container is 4Gi');
    expect((await cluster.create(pod('first'))).status).toBe(201);
    const second = await cluster.create(pod('second'));
    expect(second.status).toBe(403);
    expect(messageOf(second)).toContain('exceeded quota: one, requested: pods=1, used: pods=1, limited: pods=1');
  });
});
