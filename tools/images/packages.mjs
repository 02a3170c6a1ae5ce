/** Which npm packages a workspace needs at run time, as package-lock.json says. */

/** Folders that `require` looks into from `from` for `name`, the nearest first; keys of the lock file. */
function* places(from, name) {
  const parts = from.split('/');
  for (let length = parts.length; length >= 0; length -= 1)
    if (parts[length - 1] !== 'node_modules') yield [...parts.slice(0, length), 'node_modules', name].join('/');
}

/** What a package asks for besides what it can do without. */
function needsOf({ dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) {
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  return [...Object.keys(dependencies), ...peers];
}

/**
 * Keys of the lock file's `packages` that `workspace` reaches: npm packages, e.g. `node_modules/a/node_modules/b`, and folders of workspaces, itself among them. Optional ones (binaries
 * of one system) only where `isThere` says that they are installed.
 * @throws {Error} when the lock file lacks one
 */
export function packagesOf({ packages }, workspace, isThere) {
  const found = new Set([workspace]);
  for (const from of found) {
    const entry = packages[from];
    const visit = (name, isOptional) => {
      const place = [...places(from, name)].find((path) => packages[path] !== undefined);
      const isLeftOut = place === undefined || !isThere(place);
      if (isLeftOut && !isOptional) throw new Error(`${from} needs ${name}, which is not installed; run npm ci`);
      if (!isLeftOut) found.add(packages[place].link === true ? packages[place].resolved : place);
    };
    for (const name of Object.keys(entry.optionalDependencies ?? {})) visit(name, true);
    for (const name of needsOf(entry).filter((each) => entry.optionalDependencies?.[each] === undefined))
      visit(name, false);
  }
  return [...found].sort();
}
