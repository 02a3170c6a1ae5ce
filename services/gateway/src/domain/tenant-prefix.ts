/** `/tenants/<tenant>` before a path of MLflow's API: what a tracking URI may say of the tenant. */
const PREFIX = /^\/tenants\/([a-z0-9][a-z0-9-]{0,62})(?=\/(?:ajax-)?api\/[23]\.0\/mlflow)/;

/** The tenant that a URL names before its path, and the URL without it. */
export function splitTenantPrefix(url: string): { readonly tenantId: string | undefined; readonly url: string } {
  const match = PREFIX.exec(url);
  return match === null ? { tenantId: undefined, url } : { tenantId: match[1], url: url.slice(match[0].length) };
}
