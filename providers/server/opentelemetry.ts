/**
 * Evaluations as OpenTelemetry events, by the names of semantic conventions 1.44. Typed by shape alone, so that nobody
 * has to install OpenTelemetry who does not use it.
 */
import type { EvaluationDetails, FlagValue, Hook, HookContext } from '@openfeature/server-sdk'

/** What is used of a Logger of `@opentelemetry/api-logs`. */
export interface EventLogger {
  emit(record: { readonly eventName: string; readonly attributes: Record<string, string | number | boolean> }): void
}

export interface EvaluationEventOptions {
  /** Whether the targeting key is told. Default true; false where it is personal data. */
  readonly contextId?: boolean
  /** Whether the value is told even where there is a variant, as JSON text if need be. Default false. */
  readonly value?: boolean
  /** Name of the attribute with an error's message: `feature_flag.error.message`, before 1.40 `error.message`. */
  readonly errorMessage?: 'feature_flag.error.message' | 'error.message'
}

/** A hook that emits one `feature_flag.evaluation` per evaluation. Never throws; an emitter that does is ignored. */
export function evaluationEvents(logger: EventLogger, options: EvaluationEventOptions = {}): Hook {
  if (typeof logger?.emit !== 'function') throw new TypeError('logger: must have the method emit')
  return {
    finally(context, details) {
      try {
        logger.emit({ eventName: 'feature_flag.evaluation', attributes: attributesOf(context, details, options) })
      } catch {
        // Telemetry must not cost anybody an answer.
      }
    },
  }
}

type Attributes = Record<string, string | number | boolean>

function attributesOf(
  { context, providerMetadata }: Readonly<HookContext>,
  details: EvaluationDetails<FlagValue>,
  { contextId = true, value = false, errorMessage = 'feature_flag.error.message' }: EvaluationEventOptions,
): Attributes {
  const { flagKey, variant, reason = 'unknown', errorCode, flagMetadata } = details
  const attributes: Attributes = {
    'feature_flag.key': flagKey,
    'feature_flag.provider.name': providerMetadata.name,
    'feature_flag.result.reason': reason.toLowerCase(),
  }
  const set = (name: string, member: unknown): void => {
    if (typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean')
      attributes[name] = member
  }
  set('feature_flag.result.variant', variant)
  if (value || variant === undefined) set('feature_flag.result.value', plain(details.value))
  if (contextId) set('feature_flag.context.id', flagMetadata['contextId'] ?? context.targetingKey)
  set('feature_flag.version', flagMetadata['version'])
  set('feature_flag.set.id', flagMetadata['flagSetId'])
  if (errorCode !== undefined) {
    set('error.type', errorCode.toLowerCase())
    set(errorMessage, details.errorMessage)
  }
  return attributes
}

function plain(value: FlagValue): unknown {
  return typeof value === 'object' ? JSON.stringify(value) : value
}
