/**
 * The events of evaluated streams: every answer of a group, or what has changed from one group to the next. Only flags
 * that may have changed are evaluated again, and of these only those that really did are sent.
 */
import type { Buffer } from 'node:buffer'
import { isDeepStrictEqual } from 'node:util'
import type { Context, Outcome, Ruleset } from '@halyard/engine'
import { LRUCache } from 'lru-cache'
import type { EvaluationCounter } from '../observer.ts'
import type { Frame } from './channel.ts'
import { idText } from './event-id.ts'
import type { Group } from './groups.ts'
import type { History } from './history.ts'
import { ownBuffer } from './scratch.ts'
import { eventText } from './sse.ts'

/** Frames kept for further members of a group, bytes. */
const FRAME_BYTES = 8_388_608
/** Bookkeeping of a kept frame besides its bytes, roughly. */
const OVERHEAD = 256
/** Stands for no event among frames that are kept. */
const NOTHING: Buffer = ownBuffer('')

export class Answers {
  readonly #history: History
  readonly #counter: () => EvaluationCounter
  readonly #frames = new LRUCache<string, Buffer>({
    maxSize: FRAME_BYTES,
    sizeCalculation: (frame) => frame.length + OVERHEAD,
  })
  #timed:
    | { readonly ruleset: Ruleset; readonly from: number; readonly to: number; readonly keys: readonly string[] }
    | undefined

  /** `counter` is told of evaluations. */
  constructor(history: History, counter: () => EvaluationCounter) {
    this.#history = history
    this.#counter = counter
  }

  whole(group: Group, context: Context, stale: boolean): Frame {
    if (group.members <= 1) return this.#whole(group, context, stale)
    return this.#shared(`${stale ? 's' : ''}${group.number}`, () => this.#whole(group, context, stale))
  }

  /**
   * The event that leads from one group's answers to another's; undefined when they are the same. The client is counted in
   * the latter already.
   */
  step(before: Group, after: Group, context: Context, stale: boolean): Frame | undefined {
    if (before.projection === undefined || after.projection === undefined || before.point.snapshot === undefined) {
      return this.whole(after, context, stale)
    }
    if (before.scope.identity !== after.scope.identity) return this.whole(after, context, stale)
    const key = `${stale ? 's' : ''}${before.number}>${after.number}`
    if (before.members === 0 && !this.#frames.has(key)) return this.#changed(before, after, context, stale)
    const frame = this.#shared(key, () => this.#changed(before, after, context, stale))
    return frame === NOTHING ? undefined : frame
  }

  /** Says that nothing has changed. */
  current(group: Group, stale: boolean): string {
    return frameOf('current', group, stale, '')
  }

  #shared(key: string, make: () => string | undefined): Buffer {
    let frame = this.#frames.get(key)
    if (frame === undefined) {
      const text = make()
      this.#frames.set(key, (frame = text === undefined ? NOTHING : ownBuffer(text)))
    }
    return frame
  }

  #whole(group: Group, context: Context, stale: boolean): string {
    const ruleset = group.point.snapshot?.ruleset
    const { view, encoder } = group.scope
    const counter = this.#counter()
    let flags = ''
    for (const outcome of ruleset === undefined ? [] : view.outcomes(ruleset, context, group.point.at)) {
      counter.count(outcome.evaluation.reason)
      flags += `${flags === '' ? '' : ','}{${encoder.encode(outcome).members}}`
    }
    return frameOf('whole', group, stale, `,"flags":[${flags}]${metadataOf(group)}`)
  }

  #changed(before: Group, after: Group, context: Context, stale: boolean): string | undefined {
    const was = before.point.snapshot?.ruleset
    const is = after.point.snapshot?.ruleset
    if (was === undefined || is === undefined) return undefined
    const { encoder } = after.scope
    const counter = this.#counter()
    const flags: string[] = []
    const removed: string[] = []
    const delta = this.#history.delta(was, is)
    const consider = (key: string, old: Outcome | undefined): void => {
      const outcome = after.outcome(is, key, context)
      if (outcome === undefined) {
        if (old !== undefined) removed.push(key)
        return
      }
      counter.count(outcome.evaluation.reason)
      if (old === undefined || differs(old, outcome)) flags.push(`{${encoder.encode(outcome).members}}`)
    }
    const timed = this.#onTime(is, before.point.at, after.point.at)
    const keys = timed.length === 0 ? delta.changed : new Set([...delta.changed, ...timed])
    for (const key of keys) consider(key, was.visible(key, 'all') ? before.outcome(was, key, context) : undefined)
    for (const key of delta.added) consider(key, undefined)
    for (const key of delta.removed) if (before.outcome(was, key, context) !== undefined) removed.push(key)
    const metadata = metadataOf(after)
    if (flags.length === 0 && removed.length === 0 && metadata === metadataOf(before)) return undefined
    const members = `,"flags":[${flags.join(',')}],"removed":${JSON.stringify(removed)}${metadata}`
    return frameOf('changed', after, stale, members)
  }

  /** Flags whose answer may change between two moments without a new document. */
  #onTime(ruleset: Ruleset, one: number, other: number): readonly string[] {
    const from = Math.min(one, other)
    const to = Math.max(one, other)
    const known = this.#timed
    if (known?.ruleset === ruleset && known.from === from && known.to === to) return known.keys
    const keys = ruleset.transitions(from, to)
    this.#timed = { ruleset, from, to, keys }
    return keys
  }
}

/** Whether a client has to hear of it. Metadata alone is none of an answer's substance. */
function differs(one: Outcome, other: Outcome): boolean {
  if (one === other || one.json === other.json) return false
  const { value, variant, reason, errorCode } = one.evaluation
  const now = other.evaluation
  return (
    reason !== now.reason ||
    variant !== now.variant ||
    errorCode !== now.errorCode ||
    !isDeepStrictEqual(value, now.value)
  )
}

function metadataOf({ scope, point }: Group): string {
  const metadata = point.snapshot?.ruleset.metadata ?? {}
  return !scope.metadata || Object.keys(metadata).length === 0 ? '' : `,"metadata":${JSON.stringify(metadata)}`
}

function frameOf(event: string, { point, answers }: Group, stale: boolean, members: string): string {
  const { revision, epoch, version } = point
  const head = `{"revision":${JSON.stringify(revision)},"epoch":${epoch},"version":${version}`
  return eventText(event, idText(point, answers), `${head}${stale ? ',"stale":true' : ''}${members}}`)
}
