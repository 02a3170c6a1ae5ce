import {
  type RouteBody as BodyOf,
  type RouteParams as ParamsOf,
  type RouteQuery as QueryOf,
  type RouteResponse,
  evaluatorRoutes as routes,
} from '@myriad/contracts';
import { Ctx, Handle, RouteBody, RouteParams, RouteQuery } from '@myriad/http';
import { type RequestContext, mapPage } from '@myriad/kernel';
import { Controller } from '@nestjs/common';
import { ManageCampaign } from '../application/manage-campaign.js';
import { RequestPromotion } from '../application/promote.js';
import { ReadState } from '../application/read-state.js';
import { WorkLoop } from '../application/work-loop.js';
import { presentCampaign, presentCampaignHead, presentPromotion } from './presenters.js';

type Answer<K extends keyof typeof routes> = Promise<RouteResponse<(typeof routes)[K]>>;

@Controller()
export class PromotionController {
  constructor(
    private readonly promotions: RequestPromotion,
    private readonly campaigns: ManageCampaign,
    private readonly state: ReadState,
    private readonly loop: WorkLoop,
  ) {}

  @Handle(routes.requestPromotion)
  async requestPromotion(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<typeof routes.requestPromotion>,
  ): Answer<'requestPromotion'> {
    return presentPromotion(await this.promotions.execute(ctx, body));
  }

  @Handle(routes.listPromotions)
  async listPromotions(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: QueryOf<typeof routes.listPromotions>,
  ): Answer<'listPromotions'> {
    return mapPage(
      await this.state.listPromotions(ctx, { pageSize: query.pageSize, pageToken: query.pageToken }),
      presentPromotion,
    );
  }

  @Handle(routes.getPromotion)
  async getPromotion(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<typeof routes.getPromotion>,
  ): Answer<'getPromotion'> {
    return presentPromotion(await this.state.getPromotion(ctx, params.promotionId));
  }

  @Handle(routes.createCampaign)
  async createCampaign(
    @Ctx() ctx: RequestContext,
    @RouteBody() body: BodyOf<typeof routes.createCampaign>,
  ): Answer<'createCampaign'> {
    const campaign = await this.campaigns.create(ctx, body);
    this.loop.wake();
    return presentCampaign(campaign);
  }

  @Handle(routes.listCampaigns)
  async listCampaigns(
    @Ctx() ctx: RequestContext,
    @RouteQuery() query: QueryOf<typeof routes.listCampaigns>,
  ): Answer<'listCampaigns'> {
    return mapPage(
      await this.state.listCampaigns(ctx, { pageSize: query.pageSize, pageToken: query.pageToken }),
      presentCampaignHead,
    );
  }

  @Handle(routes.getCampaign)
  async getCampaign(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<typeof routes.getCampaign>,
  ): Answer<'getCampaign'> {
    return presentCampaign(await this.campaigns.find(ctx, params.campaignId));
  }

  @Handle(routes.submitCampaign)
  async submitCampaign(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<typeof routes.submitCampaign>,
  ): Answer<'submitCampaign'> {
    return presentCampaign(await this.campaigns.submit(ctx, params.campaignId));
  }

  @Handle(routes.cancelCampaign)
  async cancelCampaign(
    @Ctx() ctx: RequestContext,
    @RouteParams() params: ParamsOf<typeof routes.cancelCampaign>,
  ): Answer<'cancelCampaign'> {
    return presentCampaign(await this.campaigns.cancel(ctx, params.campaignId));
  }
}
