/**
 * What the serving side can be told, as plain data. Reading it from files and checking it is the configuration's work;
 * every value here has its unit, and its default in `defaultLimits` or beside it.
 */
import type { Environment } from '../environment/environment.ts'
import type { RateLimitSettings } from './rate-limit.ts'
import type { StreamSettings } from './stream/settings.ts'

/** A key that clients present. */
export interface Key {
  /** The key itself, or `sha256:` and the 64 hex digits of its SHA-256. */
  readonly secret: string
  /** From this moment (ms since the epoch) it is refused. Default: never; two keys may overlap during a rotation. */
  readonly expiresAt?: number
  /** Overrides the environment's handling of answers without a value for whoever presents this key. */
  readonly valueless?: Valueless
}

/**
 * What a client gets for a flag that answers without a value (disabled, or left to the code default): `omit` a
 * successful answer without `value`, as OFREP says; `404` FLAG_NOT_FOUND, for clients that cannot read the former.
 */
export type Valueless = 'omit' | '404'

export interface Cors {
  /** Origins as browsers send them, such as `https://shop.example`; `*` for any. Empty: no cross-origin access. */
  readonly origins: readonly string[]
  /** Request headers to allow besides those every OFREP client needs. */
  readonly headers?: readonly string[]
}

export interface EnvironmentSettings {
  readonly name: string
  readonly environment: Environment
  readonly keys: {
    /** May evaluate every flag and fetch the document. */
    readonly server: readonly Key[]
    /** May evaluate flags visible to clients. */
    readonly client: readonly Key[]
    readonly admin: readonly Key[]
  }
  /** What a vendor's webhook shows to have the vendor asked at once, and nothing else. Default: none. */
  readonly webhookSecrets?: readonly string[]
  /**
   * Lets callers without a key in from anywhere: as `server` when no key is configured, else as `client`. Default
   * false: without any key configured, only callers on this machine are let in.
   */
  readonly anonymous?: boolean
  /** Default: no origins. */
  readonly cors?: Cors
  /** Default `omit`. */
  readonly valueless?: Valueless
  /** Overrides `valueless` for clients whose User-Agent begins with `agent`; the first that fits counts. */
  readonly valuelessByAgent?: readonly { readonly agent: string; readonly valueless: Valueless }[]
  /** Also spells error members `error_code` and `error_details`, which the Ruby client reads. Default false. */
  readonly snakeCaseErrors?: boolean
  /** Whether bulk answers carry the flag set's metadata; some strict clients fail on it. Default true. */
  readonly flagSetMetadata?: boolean
  /**
   * Narrows what client keys see beyond what the document says. Globs over flag keys: `*` any characters, `?` one.
   * A flag must match `include` (default: all) and must not match `exclude`.
   */
  readonly clientFlags?: { readonly include?: readonly string[]; readonly exclude?: readonly string[] }
}

export interface Limits {
  /** Largest request body in bytes, compressed and uncompressed alike. */
  readonly bodyBytes: number
  /** Deepest nesting of an evaluation context. */
  readonly contextDepth: number
  /** Most object members in an evaluation context, at all depths together. */
  readonly contextKeys: number
  /** Most values in an evaluation context, array elements included. */
  readonly contextValues: number
  /** Largest request head in bytes. */
  readonly headerBytes: number
  /** Most request headers. */
  readonly headerCount: number
  /** A request's head must be complete within this, ms: a dripping client holds a socket no longer. */
  readonly headersTimeoutMs: number
  /** A request must be complete within this, ms. */
  readonly requestTimeoutMs: number
  /** How long an idle connection is kept, ms. Longer than a load balancer's own limit, else it meets closed ones. */
  readonly keepAliveTimeoutMs: number
  /** A connection on which nothing moves in either direction is cut after this, ms. */
  readonly socketTimeoutMs: number
  /** How often the two request timeouts are checked, ms. */
  readonly checkIntervalMs: number
  /** Connections beyond this are closed at once. */
  readonly connections: number
  /** Connections from one address beyond this are closed at once; 0 sets no limit. */
  readonly connectionsPerAddress: number
  /** How long a bulk request that was told of a newer revision waits for it to arrive here, ms. */
  readonly catchUpMs: number
  /** Bulk answers kept for other clients with the same relevant context, in bytes; 0 keeps none. */
  readonly bulkCacheBytes: number
}

export const defaultLimits: Limits = {
  bodyBytes: 1_048_576,
  contextDepth: 32,
  contextKeys: 1_000,
  contextValues: 10_000,
  headerBytes: 16_384,
  headerCount: 100,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 65_000,
  socketTimeoutMs: 120_000,
  checkIntervalMs: 1_000,
  connections: 20_000,
  connectionsPerAddress: 0,
  catchUpMs: 250,
  bulkCacheBytes: 16_777_216,
}

export interface Listen {
  /** Default: all interfaces for the public door, 127.0.0.1 for the management door. */
  readonly host?: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Speak TLS, and nothing else. Default: plaintext. */
  readonly tls?: TlsFiles
  /** Whether HTTP/2 is spoken too: by preface on plaintext, by ALPN over TLS. Default false. */
  readonly http2?: boolean
  /** Addresses and networks such as `10.0.0.0/8` for which the limit of connections per address does not hold. */
  readonly proxies?: readonly string[]
}

/** PEM files, read again when they change. */
export interface TlsFiles {
  /** The certificate, followed by the intermediate ones. */
  readonly cert: string
  /** Its private key. */
  readonly key: string
  /** Default TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
}

/** What may change while serving, without dropping a request. */
export interface ReloadableSettings {
  readonly environments: readonly EnvironmentSettings[]
}

export interface ServeSettings extends ReloadableSettings {
  readonly listen: Listen
  readonly management: Listen
  /** A path such as `/flags` under which everything is served too, besides the root. Default: none. */
  readonly prefix?: string
  /** Ready when `all` environments have a document (default), or as soon as `any` has one. */
  readonly readiness?: 'all' | 'any'
  /** Where clients reach the relay, without a slash at its end; for URLs in answers. Default: they are relative. */
  readonly publicUrl?: string
  /** Default: no limit. */
  readonly rateLimit?: RateLimitSettings
  /** Differences from `defaultStreams`. */
  readonly streams?: Partial<StreamSettings>
  /** Whether common requests are answered straight from the socket; false leaves all to node:http. Default true. */
  readonly express?: boolean
  /** Differences from `defaultLimits`. */
  readonly limits?: Partial<Limits>
}
