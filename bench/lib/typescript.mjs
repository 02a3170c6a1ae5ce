import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

/**
 * Lets a benchmark import the TypeScript of `test/system`, which nothing compiles: journeys are told once, for tests and for benchmarks.
 * Import this first, then the rest with `await import()`.
 */
const root = new URL('../../', import.meta.url);
const isJourney = (url) => url?.startsWith(new URL('test/', root).href) === true;
const { $schema: _schema, ...options } = JSON.parse(readFileSync(new URL('.swcrc', root), 'utf8'));

registerHooks({
  resolve(specifier, context, next) {
    const isOwn = specifier.startsWith('.') && specifier.endsWith('.js') && isJourney(context.parentURL);
    return next(isOwn ? `${specifier.slice(0, -3)}.ts` : specifier, context);
  },
  load(url, context, next) {
    if (!isJourney(url) || !url.endsWith('.ts')) return next(url, context);
    const filename = fileURLToPath(url);
    const { code } = transformSync(readFileSync(filename, 'utf8'), {
      ...options,
      swcrc: false,
      configFile: false,
      filename,
      sourceMaps: 'inline',
    });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
