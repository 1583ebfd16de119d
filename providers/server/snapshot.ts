/**
 * One document, compiled. Built whole or not at all, so that whoever holds an older one keeps it when this one turns out
 * to be unusable.
 */
import { compile, compileInSteps, survey, unwrap } from '@halyard/engine'
import type { Compiled, Problem, Ruleset } from '@halyard/engine'
import type { BareDocument, Bootstrap } from './options.ts'
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
  if (isBare(document)) return bare(document, origin, timers)
  const bytes = document instanceof Uint8Array ? document : new TextEncoder().encode(textOf(document))
  return assembled(bytes, origin, compile({ dialect: 'halyard', document: bytes, random: () => timers.random() }))
}

/** Documents of at least this size are compiled with pauses where somebody is served meanwhile. Bytes. */
export const LARGE: number = 128 * 1024
/** How long one step between two pauses takes at most, give or take a flag. Milliseconds. */
const STEP_MS = 4

/**
 * As `snapshotOf`, letting others run in between: megabytes of flags take the better part of a second, in which an
 * application would answer nobody. Resolves to undefined as soon as `overtaken` holds. Rejects with DocumentError.
 */
export async function snapshotInSteps(
  bytes: Uint8Array,
  origin: Origin,
  timers: Timers,
  overtaken: () => boolean,
): Promise<Snapshot | undefined> {
  const breathe = (): Promise<void> => new Promise((resolve) => void timers.setTimeout(resolve, 0))
  const { sha256 } = unwrap(bytes)
  const outline = survey(bytes)
  await breathe()
  const work = compileInSteps({ dialect: 'halyard', document: bytes, outline, sha256, random: () => timers.random() })
  for (let began = performance.now(); !overtaken();) {
    const step = work.next()
    if (step.done === true) return assembled(bytes, origin, step.value)
    if (performance.now() - began < STEP_MS) continue
    await breathe()
    began = performance.now()
  }
  return undefined
}

/** What a relay would add to it. */
function isBare(document: Bootstrap): document is BareDocument {
  if (typeof document !== 'object' || document instanceof Uint8Array) return false
  return Object.hasOwn(document, 'dialect') && Object.hasOwn(document, 'document') && !Object.hasOwn(document, 'sha256')
}

function bare(
  { dialect, options = {}, document }: BareDocument,
  origin: Origin,
  timers: Pick<Timers, 'random'>,
): Snapshot {
  const { ruleset, problems } = compile({ dialect, options, document, random: () => timers.random() })
  return { ruleset, problems, origin, bytes: new Uint8Array(0), epoch: 0, version: 0, receivedAt: 0 }
}

function assembled(bytes: Uint8Array, origin: Origin, { ruleset, problems }: Compiled): Snapshot {
  const { epoch, version, receivedAt } = unwrap(bytes)
  return { ruleset, problems, origin, bytes, epoch, version, receivedAt }
}

function textOf(document: string | object): string {
  return typeof document === 'string' ? document : JSON.stringify(document)
}
