import { REPLICA_NAME, replicaSpecSchema } from '../mesh/replica.js';
import type { Mesh } from './mesh.port.js';

export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

const refuse = (status: number, detail: string): ControlAnswer => ({ status, body: { detail } });

/** Answers one call: `GET /processes`, `POST /processes/<name>/restart`, `POST /rolling-restart`, `GET /replicas`, and `PUT`, `GET`, `DELETE /replicas/<name>`. */
export function controlRoutes(mesh: Mesh): (method: string, path: string, body: unknown) => Promise<ControlAnswer> {
  return async (method, path, body) => {
    const [collection, name, action] = path.replace(/^\//, '').split('/');
    if (collection === 'processes') return processCall(mesh, `${method} ${name ?? ''}`.trim(), name, action);
    if (collection === 'replicas' && action === undefined) return replicaCall(mesh, method, name, body);
    if (collection === 'rolling-restart' && name === undefined) return rollingRestart(mesh, method);
    return refuse(404, `there is nothing at ${path}`);
  };
}

async function processCall(
  mesh: Mesh,
  call: string,
  name: string | undefined,
  action: string | undefined,
): Promise<ControlAnswer> {
  if (call === 'GET' && action === undefined) return { status: 200, body: { processes: mesh.processes() } };
  if (name !== undefined && call.startsWith('POST ') && action === 'restart') {
    return (await mesh.restart(name)) ? { status: 202, body: {} } : refuse(404, `no process is called '${name}'`);
  }
  return refuse(404, 'processes has GET /processes and POST /processes/<name>/restart');
}

async function rollingRestart(mesh: Mesh, method: string): Promise<ControlAnswer> {
  if (method !== 'POST') return refuse(405, 'rolling-restart has POST');
  try {
    return { status: 200, body: { restarted: await mesh.rollingRestart() } };
  } catch (error) {
    return refuse(409, (error as Error).message);
  }
}

async function replicaCall(
  mesh: Mesh,
  method: string,
  name: string | undefined,
  body: unknown,
): Promise<ControlAnswer> {
  if (name === undefined) {
    if (method === 'GET') return { status: 200, body: { replicas: mesh.replicas.list() } };
    return refuse(405, 'replicas has GET; a replica has PUT, GET and DELETE');
  }
  if (!REPLICA_NAME.test(name)) return refuse(400, `'${name}' is not a name (${REPLICA_NAME.source})`);
  switch (method) {
    case 'GET': {
      const replica = mesh.replicas.get(name);
      return replica ? { status: 200, body: replica } : refuse(404, `no replica is called '${name}'`);
    }
    case 'PUT': {
      const spec = replicaSpecSchema.safeParse(body);
      if (!spec.success)
        return refuse(
          400,
          spec.error.issues.map((issue) => `/${issue.path.map(String).join('/')}: ${issue.message}`).join('; '),
        );
      return { status: 200, body: await mesh.replicas.put(name, spec.data) };
    }
    case 'DELETE':
      await mesh.replicas.remove(name);
      return { status: 204, body: undefined };
    default:
      return refuse(405, 'a replica has PUT, GET and DELETE');
  }
}
