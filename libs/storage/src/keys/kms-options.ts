/** Which key service, and how to reach it. */
export interface KmsOptions {
  /** Absent: AWS in `region`. */
  readonly endpoint?: string;
  /** Default `us-east-1`. */
  readonly region?: string;
  /** Absent: the SDK's own chain. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Tenants' keys have the aliases `alias/<this>/<tenant>`; an installation of its own has one of its own. Default `myriad`. */
  readonly aliasPrefix?: string;
  /** How long an administrator can bring a destroyed key back, 7–30 days. Default 30. */
  readonly deletionDays?: number;
}
