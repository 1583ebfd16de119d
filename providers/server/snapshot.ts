/**
 * One document, compiled. Built whole or not at all, so that whoever holds an older one keeps it when this one turns out
 * to be unusable.
 */
import { compile, unwrap } from '@halyard/engine'
import type { Problem, Ruleset } from '@halyard/engine'
import type { Bootstrap } from './options.ts'
import type { Timers } from './timers.ts'

/** Where a document came from. */
export type Origin = 'bootstrap' | 'store' | 'stream' | 'poll'

export interface Snapshot {
  readonly ruleset: Ruleset
  readonly problems: readonly Problem[]
  readonly origin: Origin
  /** As `/v1/document` gave it. */
  readonly bytes: Uint8Array
  readonly epoch: number
  readonly version: number
  /** When the relay had it from its vendor, ms since the epoch. */
  readonly receivedAt: number
}

/** Throws DocumentError. */
export function snapshotOf(document: Bootstrap, origin: Origin, timers: Pick<Timers, 'random'>): Snapshot {
  const bytes = document instanceof Uint8Array ? document : new TextEncoder().encode(textOf(document))
  const { epoch, version, receivedAt } = unwrap(bytes)
  const { ruleset, problems } = compile({ dialect: 'halyard', document: bytes, random: () => timers.random() })
  return { ruleset, problems, origin, bytes, epoch, version, receivedAt }
}

function textOf(document: string | object): string {
  return typeof document === 'string' ? document : JSON.stringify(document)
}
