import type { Digest } from '@myriad/kernel';

export type Classification = 'public' | 'internal' | 'confidential' | 'restricted';
export type FileFormat = 'csv' | 'parquet';
export type ColumnType = 'integer' | 'number' | 'string' | 'boolean' | 'timestamp';

/** A named series of immutable versions. */
export interface Dataset {
  readonly datasetId: string;
  readonly name: string;
  readonly description: string;
  readonly classification: Classification;
  readonly latestVersion: number | null;
  readonly createdBy: string;
  readonly createdAt: Date;
}

/** One column, measured over the whole version. */
export interface ColumnStatistics {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullCount: number;
  /** Approximate (HyperLogLog). */
  readonly distinctCount: number;
  readonly min: number | string | null;
  readonly max: number | string | null;
  readonly mean: number | null;
  readonly standardDeviation: number | null;
}

/** What an inspection finds in a file. */
export interface FileFacts {
  readonly rowCount: number;
  readonly columns: readonly ColumnStatistics[];
}

export interface DatasetVersion extends FileFacts {
  readonly datasetName: string;
  readonly version: number;
  readonly digest: Digest;
  readonly format: FileFormat;
  readonly sizeBytes: number;
  readonly committedBy: string;
  readonly committedAt: Date;
}
