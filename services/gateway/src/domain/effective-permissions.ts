/** A role binding with its permissions written out. */
export interface Binding {
  readonly tenantId: string;
  readonly environment: string;
  readonly permissions: readonly string[];
}

const covers = (held: string, wanted: string): boolean => held === '*' || held === wanted;

/** Whether any binding reaches the tenant, in whatever environment. */
export function isBoundTo(bindings: readonly Binding[], tenantId: string): boolean {
  return bindings.some((binding) => covers(binding.tenantId, tenantId));
}

/** The union of what the bindings allow in the tenant and environment; narrowed to `within` when given. */
export function effectivePermissions(
  bindings: readonly Binding[],
  where: { readonly tenantId: string; readonly environment: string },
  within: ReadonlySet<string> | undefined,
): ReadonlySet<string> {
  const permissions = new Set<string>();
  for (const binding of bindings) {
    if (!covers(binding.tenantId, where.tenantId) || !covers(binding.environment, where.environment)) continue;
    for (const permission of binding.permissions) {
      if (within === undefined || within.has(permission)) permissions.add(permission);
    }
  }
  return permissions;
}
