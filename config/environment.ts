/**
 * One environment: where its flags come from, who may ask, and when a new document is too strange to be believed.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Plausibility } from '../relay/environment/plausibility.ts'
import type { Key, EnvironmentSettings as Served, Valueless } from '../relay/serve/settings.ts'
import type { UpstreamSettings } from '../relay/vendors/vendor.ts'
import { duration, size } from './units.ts'

/** What serving needs, with every default filled in, and what refreshing needs. Keys are digests, never the keys. */
export interface EnvironmentSettings extends Required<Omit<Served, 'name' | 'environment'>> {
  readonly upstream: UpstreamSettings
  readonly plausibility: Plausibility
  readonly staleAfterMs: number
}

const text = (): z.ZodString => z.string().min(1, { error: 'must not be empty' })

/** The upstream as written: with what is the serving side's business. */
interface Upstream extends UpstreamSettings {
  readonly webhook?: { readonly secret: string }
}

const upstream: z.ZodType<Upstream> = z
  .strictObject({
    vendor: text().describe('Whose flags these are; decides how the document is fetched and what it means.'),
    url: z
      .url({ protocol: /^(https?|wss?|grpcs?)$/, error: 'must be an absolute http, https, ws, wss, grpc or grpcs URL' })
      .exactOptional()
      .describe('Where the vendor serves the document. Either `url` or `file`.'),
    file: text()
      .exactOptional()
      .describe('A document on disk, relative to this file; watched for changes. Either `url` or `file`.'),
    secret: text().exactOptional().describe('The credential the vendor issued. Write it as `${NAME}`.'),
    stream: z
      .boolean()
      .exactOptional()
      .describe(
        'Whether to follow the vendor’s event stream where it has one (it does unless `false`); polls step in.',
      ),
    every: duration({ min: '100ms', max: '1d' })
      .exactOptional()
      .describe('Poll interval. Each vendor has its own default; failures lengthen it by themselves.'),
    headers: z
      .record(z.string(), z.string())
      .exactOptional()
      .describe('More request headers, for gateways on the way.'),
    allowRedirectHosts: z
      .array(text())
      .exactOptional()
      .describe('Hosts a redirect may lead to besides the host of `url`. Others are refused.'),
    maxBytes: size({ max: '1GiB' })
      .exactOptional()
      .describe('Largest accepted document (64MiB unless set); a larger one is not read to its end.'),
    ca: text()
      .exactOptional()
      .describe('PEM file of the authorities that may vouch for the upstream, instead of the built-in ones.'),
    webhook: z
      .strictObject({
        secret: z
          .string()
          .min(16, { error: 'is shorter than 16 characters and could be guessed' })
          .describe(
            'What the webhook shows: as `Authorization: Bearer`, `X-API-Key`, `X-Gitlab-Token`, or by HMAC in `X-Hub-Signature-256`.',
          ),
      })
      .exactOptional()
      .describe('Lets a webhook have the vendor asked at once: `POST /v1/refresh` at the management listener.'),
    options: z
      .record(z.string(), z.unknown())
      .exactOptional()
      .describe('Options of the vendor’s dialect, such as `profile`.'),
  })
  .refine(({ url, file }) => (url === undefined) !== (file === undefined), {
    error: 'needs either `url` or `file`, and not both',
    // Else a slip elsewhere in `upstream` would hide this one until the next attempt.
    when: ({ value }) => typeof value === 'object' && value !== null,
  })
  .transform(({ every, ...rest }) => (every === undefined ? rest : { ...rest, everyMs: every }))

const secretKey = (): z.ZodString =>
  z
    .string()
    .min(8, { error: 'is shorter than 8 characters and could be guessed' })
    .regex(/^[\x21-\x7e]*$/, {
      error: 'has characters that no HTTP header can carry: use printable ASCII without spaces',
    })

const DATE = 'must be a date such as 2027-01-31T00:00:00Z'
const expires = (): z.ZodExactOptional<z.ZodType<string>> =>
  z
    .union([z.iso.datetime({ offset: true, error: DATE }), z.iso.date({ error: DATE })], { error: DATE })
    .exactOptional()
    .describe('When the key stops working, so that an old and a new key can overlap.')

const valueless = (): z.ZodType<Valueless> =>
  z
    .union([z.literal('omit'), z.literal('404'), z.literal(404)], { error: 'must be omit or 404' })
    .transform((written) => (written === 'omit' ? 'omit' : '404'))

const VALUELESS =
  'Answer to a flag that leaves the value to the application: without a value (`omit`), or `404` for clients that need one.'

const key: z.ZodType<Key> = z.union(
  [
    secretKey().transform((value) => ({ secret: digest(value) })),
    z
      .strictObject({
        key: secretKey().describe('The key itself. Write it as `${NAME}`.'),
        expires: expires(),
        valueless: valueless().exactOptional().describe(VALUELESS),
      })
      .transform(({ key, ...rest }) => limited(digest(key), rest)),
    z
      .strictObject({
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/, { error: 'must be 64 lower-case hex digits' })
          .describe('SHA-256 of the key in hex, so that the file need not hold the key.'),
        expires: expires(),
        valueless: valueless().exactOptional().describe(VALUELESS),
      })
      .transform(({ sha256, ...rest }) => limited(`sha256:${sha256}`, rest)),
  ],
  { error: 'must be a key of 8 or more characters, {key, …} or {sha256, …}' },
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
    over: duration({ fallback: '1m' }).describe('… over at least this time.'),
  })
  .transform(({ shrink, grow, confirmations, over }) => ({
    maxShrink: shrink,
    maxGrowth: grow,
    confirmations,
    confirmAfterMs: over,
  }))

const cors: z.ZodType<EnvironmentSettings['cors']> = z.strictObject({
  origins: z
    .array(
      z.string().regex(/^(\*|https?:\/\/[^/*\s]+)$/, {
        error: 'must be an origin such as https://shop.example.com (no path, no slash at the end) or *',
      }),
    )
    .default([])
    .describe('Web origins whose pages may ask; `*` stands for any, for keys that are public anyway.'),
  headers: z
    .array(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, { error: 'must be the name of a request header' }))
    .default([])
    .describe('Request headers to allow besides those that every OpenFeature client needs.'),
})

const clientFlags: z.ZodType<EnvironmentSettings['clientFlags']> = z.strictObject({
  include: z
    .array(text())
    .default(['*'])
    .describe('Keys of flags that client keys may see: `*` stands for any characters, `?` for one.'),
  exclude: z.array(text()).default([]).describe('Keys of flags they may not see even when included.'),
})

export const environmentSchema: z.ZodType<EnvironmentSettings> = z
  .strictObject({
    upstream: upstream.describe('Where the flags come from.'),
    keys: keys
      .prefault({})
      .describe('Who may ask. Without any key the environment is open, to callers on the same machine only.'),
    anonymous: z
      .boolean()
      .default(false)
      .describe('Let callers without a key in from anywhere: to everything when no key is set, else as a client key.'),
    cors: cors.prefault({}).describe('Cross-origin requests from browsers. Off unless origins are listed.'),
    valueless: valueless().prefault('omit').describe(VALUELESS),
    valuelessByAgent: z
      .array(
        z.strictObject({
          agent: text().describe('Beginning of the User-Agent.'),
          valueless: valueless().describe(VALUELESS),
        }),
      )
      .default([])
      .describe('Another `valueless` for clients whose User-Agent begins with `agent`; the first that fits counts.'),
    snakeCaseErrors: z
      .boolean()
      .default(false)
      .describe('Spell error members `error_code` and `error_details` too, which the Ruby client reads.'),
    flagSetMetadata: z
      .boolean()
      .default(true)
      .describe('Whether bulk answers carry the flag set’s metadata; some strict clients fail on it.'),
    clientFlags: clientFlags
      .prefault({})
      .describe('Narrows what client keys see, within what the vendor marks as visible.'),
    refresh: refresh.prefault({}).describe('When a new document is too strange to replace the served one.'),
    staleAfter: duration({ min: '1s', fallback: '5m' }).describe(
      'The environment counts as stale when the upstream confirmed nothing for this long. It still answers.',
    ),
  })
  .transform(({ refresh, staleAfter, upstream: { webhook, ...upstream }, ...rest }) => ({
    ...rest,
    upstream,
    webhookSecrets: webhook === undefined ? [] : [webhook.secret],
    plausibility: refresh,
    staleAfterMs: staleAfter,
  }))

function digest(value: string): string {
  return `sha256:${createHash('sha256').update(value).digest('hex')}`
}

interface KeyLimits {
  readonly expires?: string
  readonly valueless?: Valueless
}

function limited(secret: string, { expires, valueless }: KeyLimits): Key {
  return {
    secret,
    ...(expires === undefined ? undefined : { expiresAt: Date.parse(expires) }),
    ...(valueless === undefined ? undefined : { valueless }),
  }
}
