/**
 * What the primary process and its workers say to each other, in order and by structured clone. Documents travel as bytes
 * in pieces, so that no single message holds up a worker's requests for long; rulesets never travel.
 */
import type { MetricObjectWithValues, MetricValue } from 'prom-client'
import type { EnvironmentStatus } from '../environment/status.ts'
import type { EnvironmentSettings, ServeSettings } from '../serve/settings.ts'

/** Which document of an environment; together their total order. */
export interface Order {
  readonly epoch: number
  readonly version: number
}

/** An environment's settings without the environment, which each worker has a mirror of. */
export interface MirrorSettings extends Omit<EnvironmentSettings, 'environment'> {
  readonly mirror: number
}

export type ServedMetrics = MetricObjectWithValues<MetricValue<string>>[]

export type ToWorker =
  | {
      readonly kind: 'start'
      readonly settings: Omit<ServeSettings, 'environments' | 'management'>
      readonly log: string
      /** Of one worker's queue of tracking events. */
      readonly trackBytes: number
    }
  /** A mirror is one running environment of the primary; a changed environment gets another number. */
  | {
      readonly kind: 'mirror'
      readonly mirror: number
      readonly name: string
      readonly dialect: string
      readonly options: Readonly<Record<string, unknown>>
      readonly status: EnvironmentStatus
    }
  /** `pieces` messages of kind `piece` follow at once. The worker compiles it and says `prepared`. */
  | ({
      readonly kind: 'document'
      readonly mirror: number
      readonly sha256: string
      readonly receivedAt: number
      readonly loadedFrom: 'upstream' | 'disk' | 'redis'
      readonly length: number
    } & Order)
  | { readonly kind: 'piece'; readonly mirror: number; readonly bytes: Uint8Array }
  /** Serve this document, at once or as soon as it is compiled. */
  | ({ readonly kind: 'commit'; readonly mirror: number } & Order)
  | { readonly kind: 'status'; readonly mirror: number; readonly status: EnvironmentStatus }
  /** Serve exactly these environments and forget the other mirrors; answered by `taken`. */
  | { readonly kind: 'serve'; readonly environments: readonly MirrorSettings[]; readonly question: number }
  /** Accept connections once everything committed so far is served. */
  | { readonly kind: 'listen' }
  | { readonly kind: 'metrics'; readonly question: number }
  | { readonly kind: 'log'; readonly level: string }
  | { readonly kind: 'retire'; readonly windowMs: number }
  | { readonly kind: 'close'; readonly graceMs: number }

export type FromWorker =
  | { readonly kind: 'hello' }
  | ({ readonly kind: 'prepared'; readonly mirror: number } & Order)
  | { readonly kind: 'taken'; readonly question: number }
  | { readonly kind: 'listening'; readonly host: string; readonly port: number }
  /** It cannot listen and ends. */
  | { readonly kind: 'refused'; readonly code: string | undefined; readonly message: string; readonly port: number }
  | { readonly kind: 'metrics'; readonly question: number; readonly metrics: ServedMetrics }

/** Bytes of one piece. */
export const PIECE_BYTES = 262_144

export function compareOrders(one: Order, other: Order): number {
  return one.epoch - other.epoch || one.version - other.version
}
