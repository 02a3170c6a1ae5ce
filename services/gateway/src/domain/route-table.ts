/** What stands at a path of the table. */
interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  parameter: Node<T> | undefined;
  /** Takes whatever is left of a path, a segment at least. */
  rest: Node<T> | undefined;
  readonly methods: Map<string, T>;
}

export type RouteMatch<T> =
  | { readonly found: 'route'; readonly value: T; readonly segments: readonly string[] }
  /** The path is known, by other methods. */
  | { readonly found: 'path'; readonly methods: readonly string[] }
  | { readonly found: 'nothing' };

const newNode = <T>(): Node<T> => ({ literals: new Map(), parameter: undefined, rest: undefined, methods: new Map() });

/** Routes by their segments; a literal segment goes before a parameter, so `/v1/principals/me` is not somebody's id, and the rest of a path comes last. */
export class RouteTable<T> {
  private readonly root = newNode<T>();

  /** `path` in Fastify's form, `/v1/datasets/:name`. @throws {TypeError} when there is such a route already. */
  add(method: string, path: string, value: T): void {
    let node = this.root;
    for (const segment of segmentsOf(path)) {
      if (segment.startsWith(':')) node = node.parameter ??= newNode<T>();
      else if (segment === '*') node = node.rest ??= newNode<T>();
      else {
        const next = node.literals.get(segment) ?? newNode<T>();
        node.literals.set(segment, next);
        node = next;
      }
    }
    if (node.methods.has(method)) throw new TypeError(`two routes ${method} ${path}`);
    node.methods.set(method, value);
  }

  match(method: string, path: string): RouteMatch<T> {
    const segments = segmentsOf(path);
    const node = find(this.root, segments, 0);
    if (node === undefined) return { found: 'nothing' };
    const value = node.methods.get(method);
    if (value === undefined) return { found: 'path', methods: [...node.methods.keys()] };
    return { found: 'route', value, segments };
  }
}

function find<T>(node: Node<T>, segments: readonly string[], at: number): Node<T> | undefined {
  const segment = segments[at];
  if (segment === undefined) return node.methods.size > 0 ? node : undefined;
  const literal = node.literals.get(segment);
  const found = literal === undefined ? undefined : find(literal, segments, at + 1);
  if (found !== undefined || segment === '') return found;
  const one = node.parameter === undefined ? undefined : find(node.parameter, segments, at + 1);
  return one ?? node.rest;
}

function segmentsOf(path: string): string[] {
  return path.slice(1).split('/');
}
