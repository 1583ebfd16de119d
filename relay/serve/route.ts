/** What a handler of the public door is given, and how a route says who may use it. */
import type { KeyScope } from './credentials.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import type { RoutePattern } from './router.ts'
import type { Caller } from './tenants.ts'

export interface Call {
  readonly request: HttpRequest
  /** The undecoded end of the path where the template has one, else empty. */
  readonly rest: string
  readonly caller: Caller
}

export interface Route extends RoutePattern {
  /** Scopes whose keys are admitted; others get 403. */
  readonly scopes: readonly KeyScope[]
  /** Whether a token for change notices, in the query, does in place of a key. */
  readonly tokens?: boolean
  /** The flag key asked for, when errors should name it. */
  readonly keyOf?: (rest: string) => string
  handle(call: Call): HttpReply | Promise<HttpReply>
}
