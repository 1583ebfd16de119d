/**
 * Where the relay listens and how much one client may ask of it. Every bound has a default: a server without them is cut
 * down by the first slow or greedy client.
 */
import { z } from 'zod'
import { duration, size } from './units.ts'

export interface ListenSettings {
  readonly host: string
  readonly port: number
  readonly prefix: string
  readonly publicUrl?: string
  readonly limits: Limits
  readonly management: { readonly host: string; readonly port: number }
}

/** Bytes, milliseconds and counts. */
export interface Limits {
  readonly bodyBytes: number
  readonly headerBytes: number
  readonly connections: number
  readonly streams: number
  readonly streamBacklogBytes: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveMs: number
}

const port = (): z.ZodInt => z.int().min(0).max(65_535)
const host = (): z.ZodString => z.string().min(1)

const limits: z.ZodType<Limits> = z
  .strictObject({
    body: size({ max: '64MiB' })
      .default(1024 ** 2)
      .describe('Largest accepted request body. Evaluation contexts are small; larger bodies are answered 413.'),
    headers: size({ min: '1KiB', max: '1MiB' })
      .default(16 * 1024)
      .describe('Largest accepted request head (request line and headers together).'),
    connections: z.int().min(1).default(20_000).describe('Open connections; further ones are refused until some close.'),
    streams: z
      .int()
      .min(0)
      .default(15_000)
      .describe('Open event streams. Kept below `connections`, so that streams cannot starve evaluations.'),
    streamBacklog: size({ min: '1KiB', max: '64MiB' })
      .default(1024 ** 2)
      .describe('Unread bytes a stream may pile up before it is closed: slow readers would otherwise eat the memory.'),
    headersTimeout: duration({ min: '100ms', max: '10m' })
      .default(5_000)
      .describe('A client must finish its headers within this time.'),
    requestTimeout: duration({ min: '100ms', max: '10m' })
      .default(10_000)
      .describe('A client must finish its whole request within this time.'),
    keepAlive: duration({ max: '1h' })
      .default(65_000)
      .describe('Idle connections are kept this long; keep it above the idle timeout of the load balancer in front.'),
  })
  .transform(({ body, headers, streamBacklog, headersTimeout, requestTimeout, keepAlive, ...counts }) => ({
    ...counts,
    bodyBytes: body,
    headerBytes: headers,
    streamBacklogBytes: streamBacklog,
    headersTimeoutMs: headersTimeout,
    requestTimeoutMs: requestTimeout,
    keepAliveMs: keepAlive,
  }))

const management: z.ZodType<ListenSettings['management']> = z.strictObject({
  host: host()
    .default('127.0.0.1')
    .describe('Address of health, metrics and the console. Loopback by default, since these are not for clients.'),
  port: port().default(8081).describe('Port of health, metrics and the console; 0 takes a free one.'),
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
    .describe('Path under which everything is served as well, for proxies that pass their own prefix on.'),
  publicUrl: z
    .url({ protocol: /^https?$/, error: 'must be an absolute http or https URL' })
    .exactOptional()
    .describe('Address under which clients reach the relay. Advertised to them; never guessed from a request.'),
  limits: limits.prefault({}).describe('Bounds on what one client may ask.'),
  management: management.prefault({}).describe('The second listener, for operators.'),
})
