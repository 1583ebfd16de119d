/**
 * Every setting of the relay, once: default, unit, reason. The checker, the JSON Schema for editors, the reference and
 * the environment variables are all derived from these schemas, so they cannot contradict each other.
 */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { environmentSchema } from './environment.ts'
import type { EnvironmentSettings } from './environment.ts'
import { listenSchema } from './listen.ts'
import type { ListenSettings } from './listen.ts'
import { storeSchema } from './store.ts'
import type { StoreSettings } from './store.ts'
import { streamsSchema, trackSchema } from './streams.ts'
import type { TrackSettings } from './streams.ts'
import type { StreamSettings } from '../relay/serve/stream/settings.ts'
import { duration } from './units.ts'

/** The whole configuration, checked, with every default filled in. Times in ms, sizes in bytes, paths absolute. */
export interface Settings {
  readonly listen: ListenSettings
  /** By name. At least one. */
  readonly environments: ReadonlyMap<string, EnvironmentSettings>
  readonly store: StoreSettings
  readonly streams: StreamSettings
  readonly track: TrackSettings
  /** Processes that serve; with 1 this process does. */
  readonly workers: number
  readonly log: { readonly level: LogLevel }
  readonly drain: { readonly windowMs: number; readonly graceMs: number }
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

const MOST_WORKERS = 64
const ENVIRONMENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

const drain: z.ZodType<Settings['drain']> = z
  .strictObject({
    window: duration({ max: '10m', fallback: '5s' }).describe(
      'After SIGTERM the relay says “not ready” and goes on serving this long, until balancers have noticed.',
    ),
    grace: duration({ max: '10m', fallback: '10s' }).describe(
      'Then open requests and streams get this long to end. Window and grace together stay below the pod’s.',
    ),
  })
  .transform(({ window, grace }) => ({ windowMs: window, graceMs: grace }))

export const settingsSchema: z.ZodType<Settings> = z.strictObject({
  listen: listenSchema.prefault({}).describe('Where the relay listens.'),
  environments: z
    .record(z.string().regex(ENVIRONMENT_NAME), environmentSchema)
    .refine((environments) => Object.keys(environments).length > 0, { error: 'must name at least one environment' })
    .transform((environments) => new Map(Object.entries(environments)) as ReadonlyMap<string, EnvironmentSettings>)
    .describe('The environments served, by name: letters, digits, dots, dashes, underscores; up to 63.'),
  store: storeSchema.prefault({}).describe('Where last known good documents outlive the process.'),
  streams: streamsSchema.prefault({}).describe('Answers that stay open: evaluated flags, documents, change notices.'),
  track: trackSchema.prefault({}).describe('Exposures and tracking events from clients.'),
  workers: z
    .union([z.literal('auto'), z.int().min(1).max(MOST_WORKERS)], {
      error: `must be auto or a whole number from 1 to ${MOST_WORKERS}`,
    })
    .default(1)
    .transform((workers) => (workers === 'auto' ? Math.min(availableParallelism(), MOST_WORKERS) : workers))
    .describe(
      'Processes that answer on the port; `auto` takes one per processor. With more than 1, a further process asks upstreams, keeps stores and replaces a worker that died. Limits on connections and caches are shared out among them.',
    ),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('info')
        .describe('Least severe log line that is written.'),
    })
    .prefault({})
    .describe('Logs: one JSON object per line on stderr.'),
  drain: drain.prefault({}).describe('How the relay says goodbye.'),
})
