/**
 * What is told back to the relay: which variant was shown to whom, and what happened then. Only what a relay takes is
 * told: it refuses a batch whole, so one odd event would cost the others in it.
 */
import type { Context, Evaluation } from '@halyard/engine'
import { EventQueue } from './event-queue.ts'
import type { EventCounts, QueueOptions } from './event-queue.ts'
import type { ExposureOptions } from './options.ts'
import { Recent } from './recent.ts'

/** Characters of a name or key that a relay takes. */
const LONGEST_TEXT = 1_024

export class Reporter {
  /** Whether exposures are told at all; asked with every evaluation. */
  readonly exposing: boolean
  readonly #options: QueueOptions
  readonly #queue: EventQueue
  readonly #told: Recent | undefined

  constructor(options: QueueOptions, exposures: Required<ExposureOptions> | undefined) {
    this.#options = options
    this.#queue = new EventQueue(options)
    this.#told = exposures && new Recent(exposures.remembered, exposures.againAfterMs)
    this.exposing = exposures !== undefined
  }

  get counts(): EventCounts {
    return this.#queue.counts
  }

  /** Notes it unless the same was told lately. The targeting key is all that an exposure tells of a context. */
  expose({ key, variant, errorCode }: Evaluation, context: Context | null, revision: string | undefined): void {
    if (errorCode !== undefined || variant === undefined || !isText(key) || !isText(variant)) return
    const timestamp = this.#options.timers.now()
    const who = targeting(context)
    if (this.#told?.add(JSON.stringify([key, variant, who.targetingKey]), timestamp) !== true) return
    const event = { type: 'exposure', flag: key, variant, ...who, timestamp } as const
    this.#queue.add(revision === undefined ? event : { ...event, revision })
  }

  /** Never throws, whatever `details` holds. */
  track(name: string, context: Context | null, details: Readonly<Record<string, unknown>> | null): void {
    if (!isText(name) || name === '') return this.#queue.refuse()
    const { value, ...attributes } = details ?? {}
    this.#queue.add({
      type: 'track',
      name,
      ...targeting(context),
      timestamp: this.#options.timers.now(),
      ...(typeof value === 'number' && Number.isFinite(value) ? { value } : undefined),
      ...copied(attributes),
    })
  }

  flush(): Promise<void> {
    return this.#queue.flush()
  }

  close(deadline: number): Promise<void> {
    return this.#queue.close(deadline)
  }
}

function targeting(context: Context | null): { readonly targetingKey?: string } {
  try {
    const { targetingKey } = context ?? {}
    return isText(targetingKey) ? { targetingKey } : {}
  } catch {
    // A getter of the caller's.
    return {}
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TEXT
}

/** As it is now, since the caller may go on changing it; nothing when JSON cannot hold it. */
function copied(attributes: object): { readonly attributes?: object } {
  try {
    const text = JSON.stringify(attributes)
    return text === '{}' ? {} : { attributes: JSON.parse(text) as object }
  } catch {
    return {}
  }
}
