// What of an OpenAPI page breaks clients of the page before.
import { losses, narrowings } from './narrowing.mjs';

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

/** One sentence a break, `<METHOD> <path>: …`; none when every client of `before` goes on working. */
export function breakingChanges(before, after) {
  return operationsOf(before).flatMap(({ path, method, operation }) => {
    const now = findOperation(after, path, method);
    const name = `${method.toUpperCase()} ${path}`;
    if (now === undefined) return [`${name}: the operation is gone`];
    const faults = [
      ...parameterFaults(resolver(before), operation, resolver(after), now),
      ...bodyFaults(operation, now),
      ...answerFaults(operation, now),
    ];
    return faults.map((fault) => `${name}: ${fault}`);
  });
}

function operationsOf(page) {
  return Object.entries(page.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method] !== undefined).map((method) => ({ path, method, operation: item[method] })),
  );
}

/** The names of path parameters are no part of what a client sends. */
const shapeOf = (path) => path.replaceAll(/\{[^}]*\}/g, '{}');

function findOperation(page, path, method) {
  const exact = page.paths?.[path]?.[method];
  if (exact !== undefined) return exact;
  const found = Object.entries(page.paths ?? {}).find(
    ([other, item]) => shapeOf(other) === shapeOf(path) && item[method],
  );
  return found?.[1][method];
}

const resolver = (page) => (node) => {
  if (node.$ref === undefined) return node;
  return node.$ref
    .slice(2)
    .split('/')
    .reduce((value, key) => value[key], page);
};

function parameterFaults(resolveOld, before, resolveNew, after) {
  const olds = (before.parameters ?? []).map(resolveOld).filter((parameter) => parameter.in !== 'path');
  const news = (after.parameters ?? []).map(resolveNew).filter((parameter) => parameter.in !== 'path');
  const same = (a) => (b) => a.in === b.in && a.name.toLowerCase() === b.name.toLowerCase();
  const added = news.filter((now) => now.required && !olds.find(same(now))?.required);
  return [
    ...added.map((now) => `the ${now.in} parameter '${now.name}' is now required`),
    ...olds.flatMap((old) => {
      const now = news.find(same(old));
      const name = `the ${old.in} parameter '${old.name}'`;
      if (now === undefined) return [`${name} is gone`];
      return narrowings(old.schema, now.schema).map((fault) => `${name}: ${fault}`);
    }),
  ];
}

function bodyFaults(before, after) {
  const [old, now] = [before.requestBody, after.requestBody];
  if (now === undefined) return old === undefined ? [] : ['it no longer takes a body'];
  if (old === undefined) return now.required ? ['a body is now required'] : [];
  const faults = now.required && !old.required ? ['a body is now required'] : [];
  for (const [mediaType, { schema }] of Object.entries(old.content)) {
    const next = now.content[mediaType];
    if (next === undefined) faults.push(`it no longer takes ${mediaType}`);
    else faults.push(...narrowings(schema ?? true, next.schema ?? true).map((fault) => `body: ${fault}`));
  }
  const shorter = (now['x-max-body-bytes'] ?? Infinity) < (old['x-max-body-bytes'] ?? Infinity);
  return shorter && old['x-max-body-bytes'] !== undefined ? [...faults, 'the longest body is shorter'] : faults;
}

const isSuccess = ([status]) => status.startsWith('2');

function answerFaults(before, after) {
  return Object.entries(before.responses)
    .filter(isSuccess)
    .flatMap(([status, old]) => {
      const now = after.responses[status];
      if (now === undefined) return [`it no longer answers ${status}`];
      return Object.entries(old.content ?? {}).flatMap(([mediaType, { schema }]) => {
        const next = now.content?.[mediaType];
        if (next === undefined) return [`it no longer answers ${mediaType}`];
        return losses(schema ?? true, next.schema ?? true).map((fault) => `answer: ${fault}`);
      });
    });
}
