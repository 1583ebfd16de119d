import { describe, expect, it } from 'vitest'
import { defaultRateLimit } from '../relay/serve/rate-limit.ts'
import { defaultStreams } from '../relay/serve/stream/settings.ts'
import { listenSchema } from './listen.ts'
import { rateLimitSchema, streamsSchema } from './streams.ts'

describe('settings of streams', () => {
  it('have the defaults that serving has', () => {
    expect(streamsSchema.parse({})).toEqual(defaultStreams)
    expect(rateLimitSchema.parse({})).toEqual(defaultRateLimit)
  })

  it('refuse waits that contradict each other', () => {
    expect(streamsSchema.safeParse({ retryLeast: '5s', retryMost: '4s' }).error?.issues[0]).toMatchObject({
      path: ['retryLeast'],
      message: 'must not be more than retryMost',
    })
    expect(streamsSchema.parse({ retryLeast: '1s', retryMost: '1s' }).retryMs).toEqual([1_000, 1_000])
  })

  it('take a public URL to which paths can be appended', () => {
    const read = (publicUrl: string): boolean => listenSchema.safeParse({ publicUrl }).success
    expect(['https://flags.example.com', 'http://10.0.0.1:8080/api/v2'].map(read)).toEqual([true, true])
    const wrong = [
      'https://flags.example.com/',
      'https://x.example/?a=1',
      'https://x.example#a',
      'ftp://x',
      'flags.example',
    ]
    expect(wrong.map(read)).toEqual(wrong.map(() => false))
  })
})
