/** Where the last known good documents outlive the process. Both stores are optional, neither is ever waited for. */
import { z } from 'zod'
import { parseRedisUrl } from '../relay/store/redis-url.ts'
import { duration } from './units.ts'

export interface StoreSettings {
  /** Folder; false: none. */
  readonly disk: string | false
  readonly redis?: RedisSettings
}

export interface RedisSettings {
  readonly url: string
  readonly keyPrefix: string
  /** Longest time that no replica asks the vendor after the one that did has vanished. */
  readonly leaseMs: number
  /** How often a replica looks at Redis without being told to. */
  readonly recheckMs: number
}

const redis: z.ZodType<RedisSettings> = z
  .strictObject({
    url: z
      .string()
      .superRefine((url, context) => {
        try {
          parseRedisUrl(url)
        } catch (error) {
          const reason = error instanceof Error ? error.message : 'unreadable'
          const message = `must be redis://host:port, rediss://… (TLS), redis+sentinel://… or redis+cluster://…: ${reason}`
          context.addIssue({ code: 'custom', message })
        }
      })
      .describe('Address, with credentials if any: write those as `${NAME}`.'),
    keyPrefix: z
      .string()
      .regex(/^[\w.:-]{1,64}$/, { error: 'must be 1 to 64 letters, digits, dots, colons, dashes or underscores' })
      .default('halyard:')
      .describe('Start of every key and channel name, so that several relays can share one Redis.'),
    lease: duration({ min: '1s', max: '10m', fallback: '10s' }).describe(
      'One replica per environment asks the vendor. When it vanishes, another does within this time; when Redis does, each replica begins to ask by itself at its own moment of this time. Shorter costs Redis a few more commands and takes a slow network for a death.',
    ),
    recheck: duration({ min: '200ms', max: '10m', fallback: '5s' }).describe(
      'How often each replica looks whether Redis has something newer. Change notices arrive at once, but Redis may lose any of them.',
    ),
  })
  .transform(({ lease, recheck, ...rest }) => ({ ...rest, leaseMs: lease, recheckMs: recheck }))

export const storeSchema: z.ZodType<StoreSettings> = z.strictObject({
  disk: z
    .union([z.literal(false), z.string().min(1)], { error: 'must be the path of a folder, or false' })
    .default('.halyard')
    .describe(
      'Folder for last known good documents, relative to this file. It makes a cold start without the vendor possible.',
    ),
  redis: redis
    .exactOptional()
    .describe('Shares documents and change notices between replicas. Memory goes on serving without it.'),
})
