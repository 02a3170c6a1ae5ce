import type { ProtoGraph } from './onnx-proto.js';
import { unsplittable } from './unsplittable.js';

/**
 * Gives inner values names in the order in which they are made; inputs and outputs keep theirs. Names of initializers stay, for whoever looks at them next.
 * @returns the prefix of all inner names, which no input or output begins with.
 * @throws {Unsplittable} for values that are used before they are made.
 */
export function canonicalNames(graph: ProtoGraph): string {
  const outer = [...graph.inputs, ...graph.outputs].map(({ name }) => name);
  if (new Set(outer).size !== outer.length) unsplittable('an output that is an input');
  let prefix = '_';
  while (outer.some((name) => name.startsWith(prefix))) prefix += '_';
  const fixed = new Set(graph.outputs.map(({ name }) => name));
  const made = new Map<string, string>(graph.inputs.map(({ name }) => [name, name]));
  for (const { name } of graph.initializers) made.set(name, name);
  let count = 0;
  for (const node of graph.nodes) {
    node.inputs = node.inputs.map((name) =>
      name === '' ? '' : (made.get(name) ?? unsplittable(`'${name}' is not made`)),
    );
    node.outputs = node.outputs.map((name) => {
      if (name === '') return '';
      const given = fixed.has(name) ? name : `${prefix}${count++}`;
      made.set(name, given);
      return given;
    });
  }
  for (const name of fixed) if (!made.has(name)) unsplittable(`output '${name}' is not made`);
  return prefix;
}
