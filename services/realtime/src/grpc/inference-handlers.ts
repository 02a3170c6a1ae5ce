import type { GrpcCall } from '@myriad/http/grpc';
import type { RequestContext } from '@myriad/kernel';
import { configOf, metadataOf, statisticsOf } from '../application/describe-model.js';
import type { FindModel } from '../application/find-model.js';
import type { ManageRepository } from '../application/manage-repository.js';
import { assertMayRead } from '../application/may-read.js';
import type { Predict } from '../application/predict.js';
import type { Readiness } from '../application/readiness.port.js';
import { SERVER_METADATA } from '../application/server-metadata.js';
import { LOG_SETTINGS, TRACE_SETTINGS, refuseChange } from '../application/server-settings.js';
import { assertPermission } from './call-context.js';
import { readInferMessage, writeInferMessage } from './infer-exchange.js';
import type { AnswerMessage, InferMessage } from './infer-message.js';

export interface HandlerParts {
  readonly predict: Predict;
  readonly models: FindModel;
  readonly repository: ManageRepository;
  readonly readiness: Readiness;
}

interface Named {
  readonly name: string;
  readonly version: string;
}
interface RepositoryCall {
  readonly repository_name: string;
  readonly model_name: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}
interface Settings {
  readonly settings?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
/** What a unary call answers, as plain objects of the proto. */
export type Handler = (ctx: RequestContext, request: never) => object | Promise<object>;

/** An empty version is none. */
const versionOf = ({ version }: Pick<Named, 'version'>): string | undefined => (version === '' ? undefined : version);
const modelOf = ({ model_name: name, repository_name: inKServe }: RepositoryCall): string => name || inKServe;

/** A call that says whether its client has left. */
export type Cancellable = Pick<GrpcCall, 'cancelled'>;

/** Answers one prediction; at once where nothing has to be waited for. */
export function infer(
  predict: Predict,
  ctx: RequestContext,
  message: InferMessage,
  call: Cancellable,
): AnswerMessage | Promise<AnswerMessage> {
  assertPermission(ctx, 'predictions:invoke');
  return predict.execute(ctx, {
    modelName: message.modelName,
    version: versionOf({ version: message.modelVersion }),
    isGone: () => call.cancelled,
    read: (signature) => readInferMessage(message, signature),
    write: writeInferMessage,
  });
}

/** Calls that need no token: of the server. */
export function serverHandlers({ readiness }: HandlerParts): Readonly<Record<string, () => object>> {
  return {
    ServerLive: () => ({ live: true }),
    ServerReady: () => ({ ready: readiness.isReady }),
    ServerMetadata: () => SERVER_METADATA,
  };
}

/** All other unary calls but ModelInfer, by their names. */
export function modelHandlers({ models, repository }: HandlerParts): Readonly<Record<string, Handler>> {
  return {
    ModelReady: async (ctx, request: Named) => {
      assertMayRead(ctx);
      await models.bringIn(ctx, request.name, versionOf(request));
      return { ready: true };
    },
    ModelMetadata: (ctx, request: Named) => {
      assertMayRead(ctx);
      return metadataOf(models.find(ctx, request.name, versionOf(request)));
    },
    ModelConfig: (ctx, request: Named) => {
      assertMayRead(ctx);
      return { config: configOf(models.find(ctx, request.name, versionOf(request))) };
    },
    ModelStatistics: (ctx, request: Named) => {
      assertMayRead(ctx);
      return { model_stats: [statisticsOf(repository.statisticsOf(ctx, request.name, versionOf(request)))] };
    },
    RepositoryIndex: (ctx) => {
      assertMayRead(ctx);
      return { models: repository.list(ctx).map(({ modelName, version }) => indexOf(modelName, version)) };
    },
    RepositoryModelLoad: async (ctx, request: RepositoryCall) => {
      assertPermission(ctx, 'predictions:invoke');
      await repository.load(ctx, modelOf(request), Object.keys(request.parameters ?? {}));
      return { model_name: modelOf(request), isLoaded: true };
    },
    RepositoryModelUnload: (ctx, request: RepositoryCall) => {
      assertPermission(ctx, 'predictions:invoke');
      repository.unload(ctx, modelOf(request));
      return { model_name: modelOf(request), isUnloaded: true };
    },
    TraceSetting: (_ctx, request: Settings) => traceSettings(request),
    LogSettings: (_ctx, request: Settings) => logSettings(request),
  };
}

function indexOf(name: string, version: number): object {
  return { name, version: String(version), state: 'READY', reason: '' };
}

/** Values are lists; an empty one leaves a setting as it is. */
function traceSettings({ settings = {} }: Settings): object {
  const told = Object.entries(TRACE_SETTINGS).map(([name, value]) => [name, [value].flat()] as const);
  const wanted = Object.entries(settings).map(
    ([name, { value }]) => [name, Array.isArray(value) && value.length > 0 ? (value as unknown) : null] as const,
  );
  refuseChange(Object.fromEntries<unknown>(wanted), Object.fromEntries<unknown>(told));
  return { settings: Object.fromEntries(told.map(([name, value]) => [name, { value }])) };
}

const CHOICES = { boolean: 'bool_param', number: 'uint32_param', string: 'string_param' } as const;

function logSettings({ settings = {} }: Settings): object {
  const wanted = Object.entries(settings).map(([name, value]) => [name, Object.values(value)[0] ?? null] as const);
  refuseChange(Object.fromEntries<unknown>(wanted), LOG_SETTINGS);
  const told = Object.entries(LOG_SETTINGS).map(
    ([name, value]) => [name, { [CHOICES[typeof value as keyof typeof CHOICES]]: value }] as const,
  );
  return { settings: Object.fromEntries<unknown>(told) };
}
