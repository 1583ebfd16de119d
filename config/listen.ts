/**
 * Where the relay listens and how much one client may ask of it. Every bound has a default: a server without them is cut
 * down by the first slow or greedy client.
 */
import { z } from 'zod'
import type { Limits, TlsFiles } from '../relay/serve/settings.ts'
import type { RateLimitSettings } from '../relay/serve/rate-limit.ts'
import { rateLimitSchema } from './streams.ts'
import { duration, size } from './units.ts'

export interface ListenSettings {
  readonly host: string
  readonly port: number
  /** Empty, or a path without a slash at its end. */
  readonly prefix: string
  /** Without a slash at its end. */
  readonly publicUrl?: string
  readonly limits: Limits
  readonly rateLimit: RateLimitSettings
  readonly management: { readonly host: string; readonly port: number }
  readonly readiness: 'all' | 'any'
  readonly express: boolean
  readonly tls?: TlsFiles
  readonly http2: boolean
  readonly proxies: readonly string[]
}

const port = (): z.ZodInt => z.int().min(0).max(65_535)
const host = (): z.ZodString => z.string().min(1)
const count = (): z.ZodInt => z.int().min(1).max(10_000_000)
const timeout = (fallback: string): z.ZodType<number, string | number | undefined> =>
  duration({ min: '50ms', max: '1h', fallback })

const limits: z.ZodType<Limits> = z
  .strictObject({
    body: size({ max: '64MiB', fallback: '1MiB' }).describe(
      'Largest request body, compressed and uncompressed alike. Evaluation contexts are small; more is answered 413.',
    ),
    contextDepth: count().default(32).describe('Deepest nesting of an evaluation context.'),
    contextKeys: count()
      .default(1_000)
      .describe('Most object members in an evaluation context, at all depths together.'),
    contextValues: count().default(10_000).describe('Most values in an evaluation context, array elements included.'),
    headers: size({ min: '1KiB', max: '1MiB', fallback: '16KiB' }).describe(
      'Largest request head: request line and headers together.',
    ),
    headerCount: count().default(100).describe('Most request headers.'),
    headersTimeout: timeout('5s').describe(
      'A request’s head must be complete within this, so that a dripping client holds no socket.',
    ),
    requestTimeout: timeout('10s').describe('A request must be complete within this.'),
    keepAlive: timeout('65s').describe(
      'Idle connections are kept this long. Keep it above the idle timeout of the load balancer in front.',
    ),
    socketTimeout: timeout('2m').describe('A connection on which nothing moves in either direction is cut after this.'),
    checkInterval: timeout('1s').describe('How often the two request timeouts are checked.'),
    connections: count().default(20_000).describe('Open connections; further ones are closed at once.'),
    connectionsPerAddress: z
      .int()
      .min(0)
      .max(10_000_000)
      .default(0)
      .describe(
        'Open connections from one address (one /64 of IPv6); further ones are closed at once. 0 sets no limit. This machine and `listen.proxies` are not counted.',
      ),
    catchUp: duration({ max: '10s', fallback: '250ms' }).describe(
      'How long a request that was told of a newer revision waits for it to arrive here.',
    ),
    bulkCache: size({ min: '0B', max: '4GiB', fallback: '16MiB' }).describe(
      'Bulk answers kept for other clients with the same relevant context; 0 keeps none.',
    ),
  })
  .transform(
    ({
      body,
      headers,
      headersTimeout,
      requestTimeout,
      keepAlive,
      socketTimeout,
      checkInterval,
      catchUp,
      bulkCache,
      ...counts
    }) => ({
      ...counts,
      bodyBytes: body,
      headerBytes: headers,
      headersTimeoutMs: headersTimeout,
      requestTimeoutMs: requestTimeout,
      keepAliveTimeoutMs: keepAlive,
      socketTimeoutMs: socketTimeout,
      checkIntervalMs: checkInterval,
      catchUpMs: catchUp,
      bulkCacheBytes: bulkCache,
    }),
  )

const management: z.ZodType<ListenSettings['management']> = z.strictObject({
  host: host()
    .default('127.0.0.1')
    .describe('Address of health, metrics and the console. Loopback by default, since these are not for clients.'),
  port: port().default(8081).describe('Port of health, metrics and the console; 0 takes a free one.'),
})

const tls: z.ZodType<TlsFiles> = z.strictObject({
  cert: z.string().min(1).describe('PEM file of the certificate, followed by the intermediate ones.'),
  key: z.string().min(1).describe('PEM file of its private key.'),
  minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('Clients with less are refused.'),
})

export const listenSchema: z.ZodType<ListenSettings> = z.strictObject({
  host: host()
    .default('127.0.0.1')
    .describe('Address to listen on. `0.0.0.0` or `::` opens the relay to the network and asks for keys.'),
  port: port().default(8080).describe('Port for applications; 0 takes a free one.'),
  prefix: z
    .string()
    .regex(/^(\/[\w.~-]+)*$/, { error: 'must be empty or a path such as /flags, without a slash at the end' })
    .default('')
    .describe('Path under which everything is served too, besides the root, for proxies that pass their prefix on.'),
  publicUrl: z
    .url({ protocol: /^https?$/, error: 'must be an absolute http or https URL' })
    .regex(/^[^?#]*[^?#/]$/, { error: 'must have no query and no slash at its end' })
    .exactOptional()
    .describe(
      'Where clients reach the relay, path included, such as `https://flags.example.com`. Without it, URLs in answers are relative to the client’s own base URL, which is wrong behind a proxy that takes a prefix away.',
    ),
  rateLimit: rateLimitSchema.prefault({}).describe('How often one key may ask.'),
  limits: limits.prefault({}).describe('Bounds on what one client may ask.'),
  management: management.prefault({}).describe('The second listener, for operators.'),
  express: z
    .boolean()
    .default(true)
    .describe(
      'Answer common requests straight from the socket. `false` leaves all to node:http: the same answers, slower.',
    ),
  tls: tls
    .exactOptional()
    .describe(
      'Speak TLS to applications, and nothing else. Changed files are taken up within 10 s, without dropping a connection.',
    ),
  http2: z
    .boolean()
    .default(false)
    .describe(
      'Speak HTTP/2 besides HTTP/1.1: to clients that begin with it on plaintext, and by ALPN over TLS. Off by default, since most denial-of-service faults of the last years were in it; a load balancer can speak it in front.',
    ),
  proxies: z
    .array(
      z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
        error: 'must be an address or a network such as 10.0.0.0/8',
      }),
    )
    .default([])
    .describe('Load balancers and proxies in front, as addresses or networks such as `10.0.0.0/8`.'),
  readiness: z
    .enum(['all', 'any'])
    .default('all')
    .describe('Ready when all environments have a document, or as soon as any has one.'),
})
