/**
 * Answers that stay open, and what clients send back. A stream costs memory for as long as its client likes, so every
 * bound has a default.
 */
import { z } from 'zod'
import type { RateLimitSettings } from '../relay/serve/rate-limit.ts'
import type { StreamSettings } from '../relay/serve/stream/settings.ts'
import { duration, size } from './units.ts'

export interface TrackSettings {
  /** Bytes of tracking events held at most. */
  readonly queueBytes: number
}

const count = (): z.ZodInt => z.int().min(1).max(10_000_000)

export const streamsSchema: z.ZodType<StreamSettings> = z
  .strictObject({
    heartbeat: duration({ min: '1s', max: '1m', fallback: '20s' }).describe(
      'A comment is sent on every stream this often. Clients take 60 s without a byte for a dead connection, proxies often less.',
    ),
    maxAge: duration({ min: '2s', max: '1d', fallback: '1h' }).describe(
      'Streams are ended at a random moment between half and all of this, so that clients spread over new replicas too. Not those of change notices.',
    ),
    slowAfter: duration({ min: '1s', max: '10m', fallback: '30s' }).describe(
      'A client that takes nothing of what was sent for this long is cut. Until then it is only sent the newest state.',
    ),
    pendingBytes: size({ min: '1KiB', max: '16MiB', fallback: '64KiB' }).describe(
      'Most bytes handed to one connection at a time: what a client that does not read costs.',
    ),
    pace: duration({ max: '1m', fallback: '2s' }).describe(
      'OFREP change notices are spread over this window, so that not all clients ask again at once; 0 sends them at once.',
    ),
    retryLeast: duration({ min: '100ms', max: '1h', fallback: '2s' }).describe(
      'Clients that lost their stream wait at least this long; each is given its own time.',
    ),
    retryMost: duration({ min: '100ms', max: '1h', fallback: '10s' }).describe(
      'And at most this long: the window over which ten thousand clients come back after an outage.',
    ),
    context: size({ min: '64B', max: '1MiB', fallback: '16KiB' }).describe(
      'Largest evaluation context of a stream, as JSON. It is kept as long as the stream; more is answered 413.',
    ),
    perKey: count().default(20_000).describe('Open streams of one key; further ones are answered 429.'),
    catchUp: duration({ max: '10s', fallback: '500ms' }).describe(
      'How long a client that has seen a newer document elsewhere waits for it to arrive here.',
    ),
    history: size({ min: '0B', max: '1GiB', fallback: '4MiB' }).describe(
      'Older documents kept in memory, by their size, so that clients that come back are sent only what has changed.',
    ),
    eventStreams: z
      .enum(['auto', 'always', 'never'])
      .default('auto')
      .describe(
        'Whose bulk answers say where change notices are: `auto` browsers’, since some other clients fail on the member.',
      ),
  })
  .refine(({ retryLeast, retryMost }) => retryLeast <= retryMost, {
    path: ['retryLeast'],
    error: 'must not be more than retryMost',
  })
  .transform(({ heartbeat, maxAge, slowAfter, pace, retryLeast, retryMost, context, catchUp, history, ...same }) => ({
    ...same,
    heartbeatMs: heartbeat,
    maxAgeMs: maxAge,
    slowAfterMs: slowAfter,
    paceMs: pace,
    retryMs: [retryLeast, retryMost] as const,
    contextBytes: context,
    catchUpMs: catchUp,
    historyBytes: history,
  }))

export const trackSchema: z.ZodType<TrackSettings> = z
  .strictObject({
    queue: size({ min: '64KiB', max: '1GiB', fallback: '4MiB' }).describe(
      'Exposures and tracking events held until they are handed on; what does not fit is dropped and counted.',
    ),
  })
  .transform(({ queue }) => ({ queueBytes: queue }))

export const rateLimitSchema: z.ZodType<RateLimitSettings> = z.strictObject({
  mode: z
    .enum(['off', 'warn', 'enforce'])
    .default('off')
    .describe('`warn` counts what `enforce` would refuse with 429, so that the figures can be found before they hurt.'),
  perSecond: count()
    .default(1_000)
    .describe('Requests a second of one key in the long run; of an environment where callers need no key.'),
  burst: count().default(2_000).describe('Requests that may come at once after a pause.'),
})
