import type { Clock } from '@myriad/kernel';
import { z } from 'zod';
import { ProviderUnavailable, fetchJson } from './fetch-json.js';

const metadataSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});

/** What a provider says of itself (OpenID Connect Discovery 1.0). */
export type Metadata = z.output<typeof metadataSchema>;

/** It is asked again after so long, milliseconds. */
const MAX_AGE_MS = 3_600_000;

/** A provider's discovery document, kept for an hour, and beyond it while the provider is away. */
export class ProviderMetadata {
  private known: { readonly metadata: Metadata; readonly atMs: number } | undefined;
  private reading: Promise<Metadata> | undefined;

  constructor(
    private readonly issuer: string,
    private readonly clock: Clock,
  ) {}

  /** @throws {ProviderUnavailable} when it was never read and can't be read now, or names another issuer */
  async get(): Promise<Metadata> {
    if (this.known !== undefined && this.clock.nowMs() - this.known.atMs < MAX_AGE_MS) return this.known.metadata;
    this.reading ??= this.read().finally(() => (this.reading = undefined));
    try {
      return await this.reading;
    } catch (error) {
      if (this.known !== undefined) return this.known.metadata;
      throw error;
    }
  }

  private async read(): Promise<Metadata> {
    const { status, body } = await fetchJson(`${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const parsed = metadataSchema.safeParse(body);
    if (status !== 200 || !parsed.success) throw new ProviderUnavailable('the discovery document is none');
    if (parsed.data.issuer !== this.issuer)
      throw new ProviderUnavailable('the discovery document names another issuer than the configuration');
    this.known = { metadata: parsed.data, atMs: this.clock.nowMs() };
    return parsed.data;
  }
}
