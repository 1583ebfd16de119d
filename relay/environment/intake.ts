/**
 * From bytes to a compiled document: at once where that takes few milliseconds, beside serving where it would be felt.
 */
import { compile } from '@halyard/engine'
import type { Compiled, Ruleset } from '@halyard/engine'
import type { Compiler } from '../compiler/compiler.ts'
import { sha256Of } from '../store/codec.ts'

export interface IntakeParts {
  readonly dialect: string
  readonly options: Readonly<Record<string, unknown>>
  /** Default: everything is compiled at once. */
  readonly compiler?: Compiler
  /** What a large document will take the place of, as far as can be told before it is compiled. */
  readonly served: () => Ruleset | undefined
  readonly cancelled: () => boolean
}

export interface Taken {
  /** Of the bytes, hex. */
  readonly sha256: string
  readonly compiled: Compiled
}

export class Intake {
  readonly #parts: IntakeParts

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  /**
   * Undefined when `wanted` says no, or when cancelled. Throws or rejects when nothing of the document can be used. A
   * promise only for a large document.
   */
  take(
    bytes: Uint8Array,
    known: string | undefined,
    wanted: (sha256: string) => boolean,
  ): Taken | undefined | Promise<Taken | undefined> {
    const { compiler } = this.#parts
    return compiler?.isLarge(bytes) === true
      ? this.#takeLarge(bytes, known, compiler, wanted)
      : this.#takeAtOnce(bytes, known, wanted)
  }

  #takeAtOnce(document: Uint8Array, known: string | undefined, wanted: (sha256: string) => boolean): Taken | undefined {
    const sha256 = known ?? sha256Of(document)
    if (!wanted(sha256)) return undefined
    const { dialect, options } = this.#parts
    return { sha256, compiled: compile({ dialect, options, document, sha256 }) }
  }

  async #takeLarge(
    document: Uint8Array,
    known: string | undefined,
    compiler: Compiler,
    wanted: (sha256: string) => boolean,
  ): Promise<Taken | undefined> {
    const { dialect, options, cancelled } = this.#parts
    const survey = await compiler.survey(document, known)
    if (cancelled()) return undefined
    if (survey === undefined) return this.#takeAtOnce(document, known, wanted)
    const { sha256 } = survey
    if (!wanted(sha256)) return undefined
    const compiled = await compiler.compile(survey, { dialect, options, document, sha256, cancelled })
    if (compiled === undefined) return undefined
    await compiler.compare(this.#parts.served(), compiled.ruleset, cancelled)
    return cancelled() ? undefined : { sha256, compiled }
  }
}
