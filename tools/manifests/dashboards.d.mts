export interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
}
/** Dashboards by file name. */
export function dashboardFiles(): Readonly<Record<string, Dashboard>>;
