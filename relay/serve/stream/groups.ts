/**
 * Clients whose answers cannot differ, taken together: same document and moment, same view of the flags, same spelling,
 * same projection of the context. One evaluation and one encoded frame serve all of them.
 */
import type { Context, Outcome, Ruleset } from '@halyard/engine'
import { encoderOf } from '../ofrep/answer.ts'
import type { Encoder } from '../ofrep/encoder.ts'
import type { FlagView } from '../ofrep/view.ts'
import type { Caller } from '../tenants.ts'
import { answersDigest } from './event-id.ts'
import type { Point } from './history.ts'

/** How a caller's answers are picked and spelled. */
export interface Scope {
  /** Text that differs between scopes with different answers. */
  readonly identity: string
  readonly view: FlagView
  readonly encoder: Encoder
  /** Whether answers carry the metadata of the flag set. */
  readonly metadata: boolean
}

export class Group {
  readonly scope: Scope
  readonly point: Point
  /** Undefined when equal contexts may have unequal answers: then nobody else is in this group. */
  readonly projection: string | undefined
  /** Never used twice in a process. */
  readonly number: number
  /** How many clients are in it: what nobody shares is not worth keeping. */
  members = 0
  #answers: string | undefined

  constructor(scope: Scope, point: Point, projection: string | undefined, number: number) {
    this.scope = scope
    this.point = point
    this.projection = projection
    this.number = number
  }

  /** As in event ids. */
  get answers(): string {
    const { projection, scope } = this
    this.#answers ??= projection === undefined ? '-' : answersDigest(`${scope.identity}\n${projection}`)
    return this.#answers
  }

  outcome(ruleset: Ruleset, key: string, context: Context): Outcome | undefined {
    return this.scope.view.outcome(ruleset, key, context, this.point.at)
  }
}

export class Groups {
  #scopes = new WeakMap<FlagView, Map<string, Scope>>()
  /** Of the newest point, by scope and projection. */
  #current = new Map<string, Map<string, Group>>()
  #point: Point | undefined
  #numbers = 0

  scopeOf(caller: Caller): Scope {
    const { tenant, view, valueless } = caller
    let byMode = this.#scopes.get(view)
    if (byMode === undefined) this.#scopes.set(view, (byMode = new Map()))
    let scope = byMode.get(valueless)
    if (scope === undefined) {
      const metadata = tenant.settings.flagSetMetadata !== false
      const snakeCase = tenant.settings.snakeCaseErrors === true
      const identity = JSON.stringify([tenant.name, view.identity, valueless, snakeCase, metadata])
      scope = { identity, view, encoder: encoderOf(caller), metadata }
      byMode.set(valueless, scope)
    }
    return scope
  }

  /** A client is in another group from now on, or in none. A group that nobody is in any more is let go of. */
  move(before: Group | undefined, after: Group | undefined): void {
    if (after !== undefined) after.members++
    if (before === undefined) return
    before.members--
    const { scope, projection } = before
    if (before.members > 0 || projection === undefined) return
    const byProjection = this.#current.get(scope.identity)
    if (byProjection?.get(projection) === before) byProjection.delete(projection)
  }

  /** The group at the newest point; to be moved into, which is what ends it in time. */
  at(point: Point, scope: Scope, context: Context): Group {
    if (this.#point !== point) {
      this.#point = point
      this.#current = new Map()
    }
    const projection = point.snapshot?.ruleset.projection(context, point.at)
    if (projection === undefined) return new Group(scope, point, undefined, ++this.#numbers)
    let byProjection = this.#current.get(scope.identity)
    if (byProjection === undefined) this.#current.set(scope.identity, (byProjection = new Map()))
    let group = byProjection.get(projection)
    if (group === undefined) {
      group = new Group(scope, point, projection, ++this.#numbers)
      byProjection.set(projection, group)
    }
    return group
  }

  /** The group at a point that is past, as it would be now. */
  past(point: Point, now: number, scope: Scope, context: Context): Group {
    const projection = point.snapshot?.ruleset.projection(context, now)
    return new Group(scope, { ...point, at: now }, projection, ++this.#numbers)
  }
}
