/**
 * What would only be seen where images are built: every source of a COPY is there, every workspace of the lock file is copied (`npm ci` refuses otherwise), the base is pinned to a major
 * version, and each image ends as a user that is not root.
 */
export function dockerfileRules(text, { workspaces, exists }) {
  const instructions = text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/));
  const of = (name) => instructions.filter(([instruction]) => instruction === name);
  const copied = of('COPY')
    .filter(([, first]) => !first.startsWith('--from='))
    .flatMap(([, ...words]) => words.slice(0, -1));
  const stages = new Set(of('FROM').map(([, , , name]) => name));
  const bases = of('FROM').map(([, image]) => image);
  const lastUser = of('USER').at(-1)?.[1];
  return [
    ...copied.filter((source) => !exists(source)).map((source) => `copies ${source}, which is not there`),
    ...workspaces
      .map((workspace) => `${workspace}/package.json`)
      .filter((file) => !copied.includes(file))
      .map((file) => `does not copy ${file}, so npm ci would refuse the lock file`),
    ...bases
      .filter((image) => !stages.has(image) && image !== 'node:24-slim')
      .map((image) => `is based on ${image}, not node:24-slim`),
    ...(/^[1-9]\d*:[1-9]\d*$/.test(lastUser ?? '') ? [] : ['ends as root']),
  ];
}
