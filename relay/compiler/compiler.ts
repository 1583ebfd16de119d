/**
 * Compiling beside serving. Small documents are compiled at once; a large one is surveyed first, the largest in another
 * thread, then parsed and compiled in slices of two milliseconds between which requests are answered.
 */
import { createHash } from 'node:crypto'
import { setImmediate as breathe } from 'node:timers/promises'
import { changesInSteps, compileInSteps, DocumentError, survey } from '@halyard/engine'
import type { Compiled, Outline, Ruleset } from '@halyard/engine'
import type { Timers } from '../upstream/clock.ts'
import { Surveyor } from './surveyor.ts'

export interface CompileOrder {
  readonly dialect: string
  readonly options: Readonly<Record<string, unknown>>
  readonly document: Uint8Array
  /** SHA-256 of the document, hex. */
  readonly sha256: string
  /** Asked between slices; the order is given up when it says true. */
  readonly cancelled: () => boolean
}

/** What was learnt of a large document: its hash and how to go on, or why nothing of it can be used. */
export interface Survey {
  readonly sha256: string
  readonly outline: Outline | DocumentError
}

/** Documents below this many bytes take few milliseconds. */
const LARGE_BYTES = 131_072
/** Below this many bytes looking through takes less of this thread than another thread takes memory: some 30 MB. */
const THREADED_BYTES = 524_288
/** How long compiling goes on before requests get their turn, ms. */
const SLICE_MS = 2

export class Compiler {
  readonly #timers: Timers
  readonly #surveyor: Surveyor

  constructor(timers: Timers) {
    this.#timers = timers
    this.#surveyor = new Surveyor(timers)
  }

  /** Whether compiling it in one go would be felt by requests. */
  isLarge(document: Uint8Array): boolean {
    return document.byteLength >= LARGE_BYTES
  }

  /**
   * Looks through a large document, the largest in another thread; undefined when that thread failed over it. `known` is
   * its hash where that was computed already.
   */
  async survey(document: Uint8Array, known?: string): Promise<Survey | undefined> {
    try {
      if (document.byteLength < THREADED_BYTES) return surveyHere(document, known)
      const surveyed = await this.#surveyor.survey(document, known)
      const outline = 'outline' in surveyed ? surveyed.outline : new DocumentError(surveyed.path, surveyed.message)
      return { sha256: surveyed.sha256, outline }
    } catch {
      return undefined
    }
  }

  /** Compiles in slices; undefined when cancelled. Rejects with DocumentError when nothing of it can be used. */
  async compile(
    { outline }: { readonly outline: Outline | DocumentError },
    order: CompileOrder,
  ): Promise<Compiled | undefined> {
    if (outline instanceof DocumentError) throw outline
    const { dialect, options, document, sha256, cancelled } = order
    const steps = compileInSteps({ dialect, options, document, sha256, outline })
    return this.#inSlices(steps, cancelled)
  }

  /**
   * What is different in a newer Ruleset, worked out in slices before it is served: whoever asks `changes` for these two
   * finds it done.
   */
  async compare(before: Ruleset | undefined, after: Ruleset, cancelled: () => boolean): Promise<void> {
    await this.#inSlices(changesInSteps(before, after), cancelled)
  }

  /** Undefined when cancelled. */
  async #inSlices<Result>(steps: Generator<void, Result>, cancelled: () => boolean): Promise<Result | undefined> {
    while (!cancelled()) {
      const until = this.#timers.monotonic() + SLICE_MS
      do {
        const step = steps.next()
        if (step.done === true) return step.value
      } while (this.#timers.monotonic() < until)
      await breathe()
    }
    return undefined
  }

  stop(): Promise<void> {
    return this.#surveyor.stop()
  }
}

function surveyHere(document: Uint8Array, known: string | undefined): Survey {
  const sha256 = known ?? createHash('sha256').update(document).digest('hex')
  try {
    return { sha256, outline: survey(document) }
  } catch (error) {
    if (error instanceof DocumentError) return { sha256, outline: error }
    throw error
  }
}
