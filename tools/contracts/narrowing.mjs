// What a JSON Schema stops to take, or starts to give, from one version to the next.

/** Faults of `after` for who sends what `before` allowed. Each is a sentence that starts with the JSON path. */
export function narrowings(before, after, path = '') {
  if (isAnything(after)) return [];
  if (isAnything(before)) return [`${at(path)} took anything and no longer does`];
  const [olds, news] = [branchesOf(before), branchesOf(after)];
  if (olds.length > 1 || news.length > 1) return branchNarrowings(olds, news, path);
  const typeFault = typeNarrowing(before, after, path);
  if (typeFault) return [typeFault];
  return [
    ...valueNarrowings(before, after, path),
    ...boundNarrowings(before, after, path),
    ...objectNarrowings(before, after, path),
    ...arrayNarrowings(before, after, path),
  ];
}

/**
 * Faults of `after` for who reads what `before` promised: a member that is gone or may be missing, another type. New members and new
 * words of an enumeration are no faults: readers are told to expect them.
 */
export function losses(before, after, path = '') {
  if (isAnything(before)) return [];
  if (isAnything(after)) return [`${at(path)} may now be anything`];
  const [olds, news] = [branchesOf(before), branchesOf(after)];
  if (olds.length > 1 || news.length > 1) {
    const strange = news.filter((branch) => !olds.some((old) => losses(old, branch, path).length === 0));
    return strange.length === 0 ? [] : [`${at(path)} may now be ${strange.map(nameOf).join(' or ')}`];
  }
  const strange = typesOf(after).filter((type) => !typesOf(before).some((old) => takes(old, type)));
  if (strange.length > 0) return [`${at(path)} may now be ${strange.join(' or ')}`];
  return [...memberLosses(before, after, path), ...itemLosses(before, after, path)];
}

const at = (path) => (path === '' ? 'it' : path);
const isAnything = (schema) =>
  schema === true ||
  Object.keys(schema ?? {}).every((key) => ['description', 'title', 'default', 'examples'].includes(key));
const typesOf = (schema) => [schema.type ?? []].flat();
const takes = (wide, narrow) => wide === narrow || (wide === 'number' && narrow === 'integer');
const nameOf = (schema) => JSON.stringify(schema.const ?? schema.enum ?? schema.type ?? 'another form');

/** The alternatives of a schema, flattened; a list of types is one too. */
function branchesOf(schema) {
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return branches.flatMap(branchesOf);
  return Array.isArray(schema.type) ? schema.type.map((type) => ({ ...schema, type })) : [schema];
}

function branchNarrowings(olds, news, path) {
  const untaken = olds.filter((old) => !news.some((branch) => narrowings(old, branch, path).length === 0));
  if (untaken.length === 0) return [];
  return [`${at(path)} no longer takes ${untaken.map(nameOf).join(' or ')}`];
}

function typeNarrowing(before, after, path) {
  const lost = typesOf(before).filter((type) => !typesOf(after).some((now) => takes(now, type)));
  return typesOf(after).length > 0 && lost.length > 0 ? `${at(path)} no longer takes ${lost.join(' or ')}` : undefined;
}

const valuesOf = (schema) => schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);

function valueNarrowings(before, after, path) {
  const [olds, news] = [valuesOf(before), valuesOf(after)];
  if (news === undefined) return [];
  if (olds === undefined) return [`${at(path)} took any value and is now one of ${JSON.stringify(news)}`];
  const lost = olds.filter((value) => !news.includes(value));
  return lost.length > 0
    ? [`${at(path)} no longer takes ${lost.map((value) => JSON.stringify(value)).join(' or ')}`]
    : [];
}

const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const EXACT = ['pattern', 'format', 'multipleOf', 'uniqueItems'];

function boundNarrowings(before, after, path) {
  // Without an old type there is no old value that the bound could refuse.
  const raised = LOWER.filter((key) => after[key] !== undefined && after[key] > (before[key] ?? unbounded(key)));
  const lowered = UPPER.filter(
    (key) => after[key] !== undefined && after[key] < (before[key] ?? Number.POSITIVE_INFINITY),
  );
  const changed = EXACT.filter(
    (key) => after[key] !== undefined && after[key] !== before[key] && valuesOf(before) === undefined,
  );
  return [...raised, ...lowered, ...changed].map(
    (key) => `${at(path)} has ${before[key] === undefined ? 'a new' : `another`} ${key}: ${JSON.stringify(after[key])}`,
  );
}

const unbounded = (key) => (key.endsWith('inimum') ? Number.NEGATIVE_INFINITY : 0);

function objectNarrowings(before, after, path) {
  const [olds, news] = [before.properties ?? {}, after.properties ?? {}];
  const required = (after.required ?? []).filter((name) => !(before.required ?? []).includes(name));
  const faults = required.map((name) => `${path}/${name} is now required`);
  for (const [name, old] of Object.entries(olds)) {
    const now = news[name] ?? after.additionalProperties;
    if (now === false) faults.push(`${path}/${name} is no longer taken`);
    else if (now !== undefined) faults.push(...narrowings(old, now, `${path}/${name}`));
  }
  return [...faults, ...openNarrowings(before, after, path)];
}

function openNarrowings(before, after, path) {
  const [old, now] = [before.additionalProperties ?? true, after.additionalProperties ?? true];
  if (old === false || now === true || (typesOf(before).length > 0 && !typesOf(before).includes('object'))) return [];
  if (now === false) return [`${at(path)} no longer takes members of any name`];
  return narrowings(old, now, `${path}/*`);
}

function arrayNarrowings(before, after, path) {
  const [olds, news] = [before.prefixItems ?? [], after.prefixItems ?? []];
  const faults = olds.flatMap((old, index) =>
    news[index] === undefined ? [] : narrowings(old, news[index], `${path}/${index}`),
  );
  if (after.items === undefined || after.items === false || before.items === false) return faults;
  return [...faults, ...narrowings(before.items ?? true, after.items, `${path}/[]`)];
}

function memberLosses(before, after, path) {
  const [olds, news] = [before.properties ?? {}, after.properties ?? {}];
  const required = new Set(after.required ?? []);
  return Object.entries(olds).flatMap(([name, old]) => {
    if (news[name] === undefined) return [`${path}/${name} is gone`];
    const isLoose = (before.required ?? []).includes(name) && !required.has(name);
    return [...(isLoose ? [`${path}/${name} may now be missing`] : []), ...losses(old, news[name], `${path}/${name}`)];
  });
}

function itemLosses(before, after, path) {
  const [old, now] = [before.items ?? true, after.items ?? true];
  if (typeof old === 'boolean' || (typeof now === 'boolean' && !now)) return [];
  return losses(old, now, `${path}/[]`);
}
