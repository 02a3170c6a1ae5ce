/** What is counted per tenant and hour. */
export const COST_KINDS = ['predictions', 'prediction-rows', 'batch-rows', 'training-cpu', 'model-hours'] as const;
export type CostKind = (typeof COST_KINDS)[number];

/** Millionths of the ledger's currency unit for one of each: a request, a row, a row, a second of a processor, an hour of a placed model. */
export type Prices = Readonly<Record<CostKind, number>>;

/** How much of a kind was used in the hour that begins at `hour`. */
export interface Usage {
  readonly kind: CostKind;
  readonly hour: Date;
  readonly quantity: number;
}

/** What a tenant used over a time, and what it costs. */
export interface TenantCost {
  readonly tenantId: string;
  readonly quantities: Readonly<Record<CostKind, number>>;
  readonly costMicros: number;
}

export function hourOf(timeMs: number): Date {
  const hourMs = 3_600_000;
  return new Date(Math.floor(timeMs / hourMs) * hourMs);
}

/** Sums quantities × prices, in millionths, rounded to whole ones. */
export function costOf(tenantId: string, quantities: Readonly<Record<CostKind, number>>, prices: Prices): TenantCost {
  const costMicros = COST_KINDS.reduce((sum, kind) => sum + quantities[kind] * prices[kind], 0);
  return { tenantId, quantities, costMicros: Math.round(costMicros) };
}
