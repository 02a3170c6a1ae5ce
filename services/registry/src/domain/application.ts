/** A use case that many tenants share; it belongs to the platform. */
export interface Application {
  readonly applicationId: string;
  readonly name: string;
  readonly task: 'binary-classification' | 'regression';
  readonly features: readonly {
    readonly name: string;
    readonly kind: 'numeric' | 'categorical';
    readonly required: boolean;
  }[];
  readonly label: string;
  readonly recipe: string | null;
  readonly suite: string | null;
  readonly generation: number;
  readonly createdAt: Date;
}
