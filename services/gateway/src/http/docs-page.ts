import type { HttpContract, RouteDefinition } from '@myriad/contracts';
import { z } from 'zod';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
  nav a { margin-right: 1rem; }
  details { border: 1px solid #8886; border-radius: .4rem; margin: .4rem 0; padding: .3rem .8rem; }
  summary { cursor: pointer; } summary b { display: inline-block; width: 4.5rem; } summary code { margin-right: .8rem; }
  pre { overflow: auto; padding: .6rem; background: #8881; border-radius: .3rem; } small { opacity: .8; }`;

/** All operations of all services on one page, from the contracts that the OpenAPI files are printed from. */
export function docsPage(contracts: readonly HttpContract[]): string {
  const links = contracts.map(({ service }) => `<a href="#${service}">${service}</a>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Myriad API</title><style>${STYLE}</style></head>
<body><h1>Myriad API</h1>
<p>Send a key as <code>Authorization: Bearer myr_…</code> or <code>X-Api-Key</code>. <code>X-Myriad-Tenant</code> acts in another tenant,
<code>X-Myriad-Environment</code> in another environment than <code>production</code>. Refusals are <code>application/problem+json</code>.</p>
<nav>${links}</nav>
${contracts.map(section).join('\n')}
</body></html>`;
}

function section({ service, title, description, routes }: HttpContract): string {
  return `<section id="${service}"><h2>${escape(title)}</h2>
<p>${escape(description)} <a href="/docs/${service}.openapi.yaml">OpenAPI</a></p>
${Object.values(routes).map(operation).join('\n')}</section>`;
}

function operation(route: RouteDefinition): string {
  const needs = { public: 'no key', none: 'any key' }[route.permission] ?? `permission ${route.permission}`;
  const scope = route.scope === 'platform' ? ', in the tenant platform' : '';
  const limits = route.streamedBody === undefined ? '' : `<p>Body: ${route.streamedBody.map(escape).join(', ')}</p>`;
  const problems = (route.problems ?? []).map((code) => `<code>${escape(code)}</code>`).join(' ');
  return `<details><summary><b>${route.method}</b><code>${escape(route.path)}</code>${escape(route.summary)}</summary>
<p><small>${escape(route.operationId)}; needs ${needs}${scope}; answers ${route.status ?? 200}</small></p>
${schema('Path', route.params)}${schema('Query', route.query)}${schema('Body', route.body)}${limits}${schema('Answer', route.response)}
${problems === '' ? '' : `<p>Refusals: ${problems}</p>`}</details>`;
}

function schema(title: string, type: z.ZodType | undefined): string {
  if (type === undefined) return '';
  const { $schema: _, ...json } = z.toJSONSchema(type, {
    unrepresentable: 'any',
    io: title === 'Answer' ? 'output' : 'input',
  });
  return `<p>${title}</p><pre>${escape(JSON.stringify(json, null, 2))}</pre>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
