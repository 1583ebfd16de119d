/**
 * What a vendor's folder beside this file must provide: how the vendor talks. What its documents mean is the business of
 * its dialect in the engine; a vendor only names it. relay.ts picks the vendor by its name in the configuration.
 */
import type { Timers } from '../upstream/clock.ts'
import type { Source } from '../upstream/source.ts'

/** The `upstream` part of an environment's configuration, already expanded and typed by the schema. */
export interface UpstreamSettings {
  readonly vendor: string
  /** Where the document is, for vendors and transports that fetch it. Exclusive with `file`. */
  readonly url?: string
  /** Path of a document on disk, watched for changes. Exclusive with `url`. */
  readonly file?: string
  /** The credential the vendor issued for this environment. */
  readonly secret?: string
  /** False polls a vendor that could stream. Default true; means nothing to vendors without streams. */
  readonly stream?: boolean
  /** Poll interval in ms; each vendor has its own default. */
  readonly everyMs?: number
  /** Extra request headers. */
  readonly headers?: Readonly<Record<string, string>>
  /** Hosts that redirects may lead to besides the configured one. */
  readonly allowRedirectHosts?: readonly string[]
  /** Largest accepted document in bytes. */
  readonly maxBytes?: number
  /** PEM certificates of who may vouch for the upstream, instead of the built-in authorities. */
  readonly ca?: string
  /** Options of the dialect, such as `profile`. */
  readonly options?: Readonly<Record<string, unknown>>
}

export interface VendorTools {
  readonly timers: Timers
  /** Seeds the phase and jitter of polls, so that replicas spread. */
  readonly seed: string
}

/** A setting that a vendor cannot work with. `path` is relative to the environment's `upstream`. */
export interface SettingsProblem {
  readonly path: string
  readonly message: string
}

export interface Vendor {
  /** The name in the configuration; lower case. */
  readonly name: string
  /** The engine's dialect that its documents are written in. */
  readonly dialect: string
  /**
   * Names of options that say how to talk rather than what a document means. They are kept from the dialect: options
   * become part of revisions, where a decryption key has no business. Default none.
   */
  readonly ownOptions?: readonly string[]
  /** Everything wrong with the settings at once; empty when `connect` may be called. No I/O. */
  check(settings: UpstreamSettings): readonly SettingsProblem[]
  /** A source that is not started yet. */
  connect(settings: UpstreamSettings, tools: VendorTools): Source
}
