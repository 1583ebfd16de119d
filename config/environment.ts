/**
 * One environment: where its flags come from, who may ask, and when a new document is too strange to be believed.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Plausibility } from '../relay/environment/plausibility.ts'
import type { UpstreamSettings } from '../relay/vendors/vendor.ts'
import { duration, size } from './units.ts'

/** A credential, kept as digest only, so that no dump or log of the settings can leak it. */
export interface Key {
  /** Lower-case hex SHA-256 of the key. */
  readonly sha256: string
  /** Milliseconds since the epoch; absent: never. */
  readonly expiresAt?: number
}

export interface EnvironmentSettings {
  readonly upstream: UpstreamSettings
  readonly keys: { readonly server: readonly Key[]; readonly client: readonly Key[]; readonly admin: readonly Key[] }
  readonly anonymous: boolean
  readonly cors: { readonly origins: readonly string[] }
  readonly valueless: 'omit' | '404'
  /** Shell-like patterns with `*`; a flag is visible to client keys when it is included and not excluded. */
  readonly clientFlags: { readonly include: readonly string[]; readonly exclude: readonly string[] }
  readonly plausibility: Plausibility
  readonly staleAfterMs: number
}

const text = (): z.ZodString => z.string().min(1, { error: 'must not be empty' })

const upstream: z.ZodType<UpstreamSettings> = z
  .strictObject({
    vendor: text().describe('Whose flags these are; decides how the document is fetched and what it means.'),
    url: z
      .url({ protocol: /^(https?|wss?)$/, error: 'must be an absolute http, https, ws or wss URL' })
      .exactOptional()
      .describe('Where the vendor serves the document. Either `url` or `file`.'),
    file: text()
      .exactOptional()
      .describe('A document on disk, relative to this file; watched for changes. Either `url` or `file`.'),
    secret: text().exactOptional().describe('The credential the vendor issued. Write it as `${NAME}`.'),
    every: duration({ min: '100ms', max: '1d' })
      .exactOptional()
      .describe('Poll interval. Each vendor has its own default; failures lengthen it by themselves.'),
    headers: z.record(z.string(), z.string()).exactOptional().describe('More request headers, for gateways on the way.'),
    allowRedirectHosts: z
      .array(text())
      .exactOptional()
      .describe('Hosts a redirect may lead to besides the host of `url`. Others are refused.'),
    maxBytes: size({ max: '1GiB' })
      .exactOptional()
      .describe('Largest accepted document (64MiB unless set); a larger one is not read to its end.'),
    options: z
      .record(z.string(), z.unknown())
      .exactOptional()
      .describe('Options of the vendor’s dialect, such as `profile`.'),
  })
  .superRefine(({ url, file }, context) => {
    if ((url === undefined) === (file === undefined)) {
      const message = url === undefined ? 'needs `url` or `file`' : 'has both `url` and `file`: remove one'
      context.addIssue({ code: 'custom', message })
    }
  })
  .transform(({ every, ...rest }) => (every === undefined ? rest : { ...rest, everyMs: every }))

const secretKey = (): z.ZodString =>
  z
    .string()
    .min(8, { error: 'is shorter than 8 characters and could be guessed' })
    .regex(/^[\x21-\x7e]*$/, { error: 'has characters that no HTTP header can carry: use printable ASCII without spaces' })

const expires = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: 'must be a date such as 2027-01-31T00:00:00Z' })
  .exactOptional()
  .describe('When the key stops working. Lets an old and a new key overlap.')

const key: z.ZodType<Key> = z.union(
  [
    secretKey().transform((value) => ({ sha256: digest(value) })),
    z
      .strictObject({ key: secretKey().describe('The key itself. Write it as `${NAME}`.'), expires })
      .transform((value) => dated(digest(value.key), value.expires)),
    z
      .strictObject({
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/, { error: 'must be 64 lower-case hex digits' })
          .describe('SHA-256 of the key in hex, so that the file need not hold the key.'),
        expires,
      })
      .transform((value) => dated(value.sha256, value.expires)),
  ],
  { error: 'must be a key of 8 or more characters, {key, expires?} or {sha256, expires?}' },
)

const keys: z.ZodType<EnvironmentSettings['keys']> = z.strictObject({
  server: z.array(key).default([]).describe('Keys of backends: everything, including the document itself.'),
  client: z.array(key).default([]).describe('Keys of browsers and apps: evaluation of client-visible flags only.'),
  admin: z.array(key).default([]).describe('Keys of operators: status, confirmation and rollback.'),
})

const refresh: z.ZodType<Plausibility> = z
  .strictObject({
    shrink: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('Share of the flags that may disappear at once (0.5 is half); more is held back.'),
    grow: z
      .number()
      .min(1)
      .default(4)
      .describe('How many times larger than the served one a document may be at once; more is held back.'),
    confirmations: z
      .int()
      .min(1)
      .default(3)
      .describe('A document held back is believed after the upstream delivered exactly it this often in a row …'),
    over: duration().default(60_000).describe('… over at least this time.'),
  })
  .transform(({ shrink, grow, confirmations, over }) => ({
    maxShrink: shrink,
    maxGrowth: grow,
    confirmations,
    confirmAfterMs: over,
  }))

export const environmentSchema: z.ZodType<EnvironmentSettings> = z
  .strictObject({
    upstream: upstream.describe('Where the flags come from.'),
    keys: keys
      .prefault({})
      .describe('Who may ask. Without server and client keys the environment is open, on loopback only.'),
    anonymous: z
      .boolean()
      .default(false)
      .describe('Serve an environment without keys on addresses other than loopback as well.'),
    cors: z
      .strictObject({
        origins: z
          .array(
            z.string().regex(/^(\*|https?:\/\/[^/*\s]+)$/, {
              error: 'must be an origin such as https://shop.example.com (no path, no slash at the end) or *',
            }),
          )
          .default([])
          .describe('Web origins whose pages may ask.'),
      })
      .prefault({})
      .describe('Cross-origin requests from browsers. Off unless origins are listed.'),
    valueless: z
      .union([z.literal('omit'), z.literal('404'), z.literal(404)], { error: 'must be omit or 404' })
      .default('omit')
      .describe('A flag that says “use your own default”: answer without a value (`omit`), or 404 for clients that need one.'),
    clientFlags: z
      .strictObject({
        include: z.array(text()).default(['*']).describe('Flags that client keys may see; `*` stands for any characters.'),
        exclude: z.array(text()).default([]).describe('Flags that client keys may not see even when included.'),
      })
      .prefault({})
      .describe('What client keys see, within what the vendor marks as visible.'),
    refresh: refresh.prefault({}).describe('When a new document is too strange to replace the served one.'),
    staleAfter: duration({ min: '1s' })
      .default(300_000)
      .describe('The environment counts as stale when the upstream confirmed nothing for this long. It still answers.'),
  })
  .transform(({ refresh, staleAfter, valueless, ...rest }) => ({
    ...rest,
    valueless: valueless === 'omit' ? ('omit' as const) : ('404' as const),
    plausibility: refresh,
    staleAfterMs: staleAfter,
  }))

function digest(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}

function dated(sha256: string, expires: string | undefined): Key {
  return expires === undefined ? { sha256 } : { sha256, expiresAt: Date.parse(expires) }
}
