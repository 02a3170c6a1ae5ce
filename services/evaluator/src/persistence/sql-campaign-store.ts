import { PLATFORM_TENANT, type Page, type PageRequest } from '@myriad/kernel';
import { type Tx, pageOfRows, startOf } from '@myriad/persistence';
import { Injectable } from '@nestjs/common';
import type { CampaignStore } from '../application/ports.js';
import type { Campaign } from '../domain/campaign.js';

interface CampaignRecord {
  body: Omit<Campaign, 'createdAt' | 'completedAt'> & {
    readonly createdAt: string;
    readonly completedAt: string | null;
  };
}

function toCampaign({ body }: CampaignRecord): Campaign {
  return {
    ...body,
    createdAt: new Date(body.createdAt),
    completedAt: body.completedAt === null ? null : new Date(body.completedAt),
  };
}

/** A campaign is one document: it is read and written whole, under its lock. */
@Injectable()
export class SqlCampaignStore implements CampaignStore {
  async insert(tx: Tx, campaign: Campaign): Promise<void> {
    await tx.query(
      'INSERT INTO campaign (tenant_id, campaign_id, status, body, created_at) VALUES ($1, $2, $3, $4, $5)',
      [PLATFORM_TENANT, campaign.campaignId, campaign.status, JSON.stringify(campaign), campaign.createdAt],
    );
  }

  async save(tx: Tx, campaign: Campaign): Promise<void> {
    await tx.query('UPDATE campaign SET status = $3, body = $4 WHERE tenant_id = $1 AND campaign_id = $2', [
      PLATFORM_TENANT,
      campaign.campaignId,
      campaign.status,
      JSON.stringify(campaign),
    ]);
  }

  async find(tx: Tx, campaignId: string): Promise<Campaign | undefined> {
    const [row] = await tx.query<CampaignRecord>('SELECT body FROM campaign WHERE campaign_id = $1', [campaignId]);
    return row && toCampaign(row);
  }

  async list(tx: Tx, page: PageRequest): Promise<Page<Campaign>> {
    const rows = await tx.query<CampaignRecord>(
      'SELECT body FROM campaign WHERE ($1::text IS NULL OR campaign_id < $1) ORDER BY campaign_id DESC LIMIT $2',
      [startOf(page), page.pageSize + 1],
    );
    return pageOfRows(rows, page, toCampaign, ({ campaignId }) => campaignId);
  }

  async openIds(tx: Tx): Promise<readonly string[]> {
    const rows = await tx.query<{ campaign_id: string }>(
      'SELECT campaign_id FROM campaign WHERE is_open ORDER BY created_at',
      [],
    );
    return rows.map((row) => row.campaign_id);
  }

  async lock(tx: Tx, campaignId: string): Promise<Campaign | undefined> {
    const [row] = await tx.query<CampaignRecord>('SELECT body FROM campaign WHERE campaign_id = $1 FOR UPDATE', [
      campaignId,
    ]);
    return row && toCampaign(row);
  }
}
