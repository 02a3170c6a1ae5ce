import { observedGauge } from '@myriad/telemetry';
import type { DataSource } from 'typeorm';

/** Database connections of a process. */
export interface PoolState {
  /** The most there may be. */
  readonly size: number;
  readonly used: number;
  /** Callers that wait for one. */
  readonly waiting: number;
}

/** What TypeORM's driver for PostgreSQL keeps: a pool of `pg`. */
interface PgPool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: { readonly max: number };
}

/** Before it is connected, and after it is closed, there are none. */
export function poolState(dataSource: DataSource): PoolState {
  const { master } = dataSource.driver as { readonly master?: PgPool };
  if (master === undefined || !dataSource.isInitialized) return { size: 0, used: 0, waiting: 0 };
  return { size: master.options.max, used: master.totalCount - master.idleCount, waiting: master.waitingCount };
}

/** @returns what ends the gauges */
export function observePool(dataSource: DataSource): readonly (() => void)[] {
  return [
    observedGauge(
      'myriad_database_pool_size',
      'Most connections of the database pool',
      () => poolState(dataSource).size,
    ),
    observedGauge(
      'myriad_database_pool_used',
      'Connections of the database pool in use',
      () => poolState(dataSource).used,
    ),
    observedGauge('myriad_database_pool_waiting', 'Callers that wait for a connection of the database pool', () => {
      return poolState(dataSource).waiting;
    }),
  ];
}
