import { existsSync, readFileSync, readdirSync } from 'node:fs';

const root = import.meta.dirname;
const swc = JSON.parse(readFileSync(`${root}/.swcrc`, 'utf8'));
const folders = [
  'contracts',
  ...['libs', 'services', 'apps'].flatMap((parent) =>
    existsSync(`${root}/${parent}`) ? readdirSync(`${root}/${parent}`).map((name) => `${parent}/${name}`) : [],
  ),
];

/** One jest project per package that has a `test` folder. `*.engine.spec.ts` needs a real engine and runs in `npm run test:engines` only. */
const project = (folder) => ({
  displayName: folder.replace(/^.*\//, ''),
  rootDir: `${root}/${folder}`,
  testEnvironment: `${root}/libs/testing/jest/environment.mjs`,
  testMatch: process.env.MYRIAD_TEST_ENGINES
    ? ['<rootDir>/test/**/*.engine.spec.ts']
    : ['<rootDir>/test/**/!(*.engine).spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['/dist/'],
  testEnvironmentOptions: { customExportConditions: ['development', 'node', 'node-addons'] },
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false }] },
  globalSetup: `${root}/libs/testing/jest/global-setup.mjs`,
  globalTeardown: `${root}/libs/testing/jest/global-teardown.mjs`,
});

/** Of docker-compose.yml, k8s/ and the images; only images that run need a database. */
const manifests = {
  ...project('test/manifests'),
  testMatch: [process.env.MYRIAD_TEST_ENGINES ? '<rootDir>/**/*.engine.spec.ts' : '<rootDir>/**/!(*.engine).spec.ts'],
  ...(process.env.MYRIAD_TEST_IMAGES ? {} : { globalSetup: undefined, globalTeardown: undefined }),
};

/** Journeys across the running mesh; `tools/test.mjs` asks for them, one at a time. */
const system = {
  ...project('test/system'),
  displayName: 'system',
  testMatch: ['<rootDir>/**/*.spec.ts'],
  // the other needs replicas, which only the mode on Kafka and S3 has
  testPathIgnorePatterns: process.env.MYRIAD_TEST_MESH === 'engines' ? [] : ['/rolling-restart[.]spec[.]ts$'],
  globalSetup: undefined,
  globalTeardown: undefined,
};

export default {
  testTimeout: process.env.MYRIAD_TEST_SYSTEM ? 300_000 : 60_000,
  maxWorkers: 2,
  projects: process.env.MYRIAD_TEST_SYSTEM
    ? [system]
    : [...folders.filter((folder) => existsSync(`${root}/${folder}/test`)).map(project), manifests],
};
