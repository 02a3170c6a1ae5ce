import type { z } from 'zod';
import type { ServiceManifest } from '../mesh.mjs';

export function variableFaults(of: {
  readonly schema: z.ZodObject;
  readonly isSecret: (field: unknown) => boolean;
  readonly told: Readonly<Record<string, string>>;
  readonly common?: readonly string[];
}): readonly string[];
export function memoryFaults(service: Pick<ServiceManifest, 'memory' | 'heap' | 'outside'>): readonly string[];
export function scrapeFaults(
  prometheus: {
    readonly scrape_configs: readonly {
      readonly job_name: string;
      readonly dns_sd_configs: readonly { readonly port: number }[];
    }[];
  },
  ports: Readonly<Record<string, number>>,
): readonly string[];
