/** Where the last known good documents outlive the process. Both stores are optional, neither is ever waited for. */
import { z } from 'zod'
import { parseRedisUrl } from '../relay/store/redis-url.ts'

export interface StoreSettings {
  /** Folder; false: none. */
  readonly disk: string | false
  readonly redis?: RedisSettings
}

export interface RedisSettings {
  readonly url: string
  readonly keyPrefix: string
}

const redis: z.ZodType<RedisSettings> = z.strictObject({
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
})

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
