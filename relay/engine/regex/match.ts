/**
 * Regex: runs a program over a text in one pass. All instructions that could be waiting for the next character are
 * followed at once, so time grows with text length times program size whatever the pattern. Sets of waiting
 * instructions seen before are remembered with where each letter led (a deterministic automaton built as needed);
 * when that memory is full the pass goes on without it, still linear.
 *
 * A place between two characters is decided when the letter behind it is known: then every assertion has its answer.
 */
import { divide } from './alphabet.ts'
import type { Alphabet } from './alphabet.ts'
import { contains } from './charset.ts'
import { asQuestion, assertedSets, EDGE, FINAL_FEED, maskOf } from './context.ts'
import { CHECK, FORK, TAKE } from './program.ts'
import type { Program } from './program.ts'
import { LINE_FEED } from './sets.ts'

/** Numbers remembered per pattern, four bytes each: 128 KiB. */
const MEMORY = 32_768

/** Answers of sets for letters remembered per pattern, one byte each. */
const ACCEPTING_MEMORY = 65_536

/** Where a text is found to match; where it is certain that it never will. */
const MATCH = -2
const DEAD = -3
const UNKNOWN = -1

/** Instructions waiting at one place, sorted, and the mask of the character before it. */
interface State {
  readonly waiting: Int32Array
  readonly before: number
  readonly transitions: Int32Array
}

export interface SearchOptions {
  /** Text is walked by code points, else by UTF-16 units. */
  readonly byPoints: boolean
  /** A match may begin at the start of the text only. */
  readonly anchored: boolean
}

/** One compiled pattern. Not re-entrant, as nothing in an evaluation is. */
export class Search {
  /** Instructions looked at since creation: what tests bound, instead of wall time. */
  steps: number = 0

  readonly #program: Program
  readonly #options: SearchOptions
  readonly #alphabet: Alphabet
  readonly #masks: readonly number[]
  readonly #questions: readonly ((before: number, after: number) => boolean)[]
  readonly #feed: number
  readonly #end: number
  readonly #endsInFeed: number
  readonly #seen: Int32Array
  readonly #pending: Int32Array
  readonly #reached: Int32Array
  readonly #accepting = new Map<number, Uint8Array>()
  #round = 0
  #states: State[] = []
  #remembered = 0
  #byKey = new Map<string, number>()

  constructor(program: Program, options: SearchOptions) {
    this.#program = program
    this.#options = options
    const asked = assertedSets(program.assertions)
    this.#alphabet = divide([...program.sets, ...asked, LINE_FEED])
    this.#questions = program.assertions.map((assertion) => asQuestion(assertion, asked))
    this.#feed = this.#alphabet.letterOf(0x0a)
    this.#end = this.#alphabet.size
    this.#endsInFeed = this.#end + 1
    const masks = this.#alphabet.samples.map((sample) => maskOf(sample, asked))
    this.#masks = [...masks, EDGE, (masks[this.#feed] ?? 0) | FINAL_FEED]
    this.#seen = new Int32Array(program.operation.length * 2)
    this.#reached = new Int32Array(program.operation.length + 1)
    this.#pending = new Int32Array(program.operation.length * 2 + 2)
  }

  /** True when the pattern matches somewhere in the text. */
  test(text: string): boolean {
    if (this.#isFull()) this.#forget()
    let state = this.#intern(Int32Array.of(this.#program.start), EDGE)
    for (let index = 0; index <= text.length; index++) {
      const letter = this.#letterAt(text, index)
      const current = this.#states[state]
      if (!current) return false
      let next = current.transitions[letter] ?? UNKNOWN
      if (next === UNKNOWN) {
        const waiting = this.#advance(current.waiting, current.before, letter)
        if (waiting && waiting.length > 0 && this.#isFull()) {
          return this.#finish(text, index + this.#width(text, index), waiting, this.#masks[letter] ?? 0)
        }
        next = waiting ? (waiting.length > 0 ? this.#intern(waiting.sort(), this.#masks[letter] ?? 0) : DEAD) : MATCH
        current.transitions[letter] = next
      }
      if (next < 0) return next === MATCH
      state = next
      index += this.#width(text, index) - 1
    }
    return false
  }

  /** True when nothing at all, with other characters than words and line ends on both sides, is a match (as `\B`). */
  matchesBetweenOthers(): boolean {
    return this.#advance(Int32Array.of(this.#program.start), 0, this.#alphabet.letterOf(0xdc00)) === undefined
  }

  /** The rest of a text without remembering anything. */
  #finish(text: string, from: number, start: Int32Array, mask: number): boolean {
    let waiting = start
    let before = mask
    for (let index = from; index <= text.length; index += this.#width(text, index)) {
      const letter = this.#letterAt(text, index)
      const next = this.#advance(waiting, before, letter)
      if (!next) return true
      if (next.length === 0) return false
      const mask = this.#masks[letter] ?? 0
      if (mask === before && isSame(next, waiting)) {
        // Nothing changed, so nothing will while the same letter goes on.
        for (let ahead = this.#width(text, index); this.#letterAt(text, index + ahead) === letter;) {
          index += ahead
          if (index >= text.length) return false
          ahead = this.#width(text, index)
        }
      }
      waiting = next
      before = mask
    }
    return false
  }

  /**
   * Follows everything that waits at a place over the letter behind it. Returns what waits at the next place (empty:
   * nothing ever will), or undefined when a match ends here.
   */
  #advance(waiting: Int32Array, before: number, letter: number): Int32Array | undefined {
    const { operation, next, operand, start } = this.#program
    const size = operation.length
    const after = this.#masks[letter] ?? 0
    const accepting = letter === this.#end ? undefined : this.#acceptingSets(letter)
    const seen = this.#seen
    const pending = this.#pending
    const reached = this.#reached
    const round = this.#nextRound()
    let count = 0
    for (const from of waiting) {
      let height = 0
      pending[height++] = from
      while (height > 0) {
        const address = pending[--height] ?? 0
        if (seen[address] === round) continue
        seen[address] = round
        this.steps++
        const kind = operation[address]
        const follower = next[address] ?? 0
        const argument = operand[address] ?? 0
        if (kind === TAKE) {
          if (accepting?.[argument] === 1 && seen[size + follower] !== round) {
            seen[size + follower] = round
            reached[count++] = follower
          }
        } else if (kind === FORK) {
          pending[height++] = argument
          pending[height++] = follower
        } else if (kind === CHECK) {
          if (this.#questions[argument]?.(before, after)) pending[height++] = follower
        } else return undefined
      }
    }
    if (!this.#options.anchored && accepting && seen[size + start] !== round) reached[count++] = start
    return reached.slice(0, count)
  }

  /** For each set of the program, 1 if it takes the letter; asked once per letter. */
  #acceptingSets(letter: number): Uint8Array {
    const known = this.#accepting.get(letter)
    if (known) return known
    const sample = letter === this.#endsInFeed ? 0x0a : (this.#alphabet.samples[letter] ?? 0)
    const accepting = Uint8Array.from(this.#program.sets, (set) => (contains(set, sample) ? 1 : 0))
    if (this.#accepting.size * accepting.length < ACCEPTING_MEMORY) this.#accepting.set(letter, accepting)
    return accepting
  }

  #nextRound(): number {
    if (this.#round === 0x7fffffff) {
      this.#round = 0
      this.#seen.fill(0)
    }
    return ++this.#round
  }

  #letterAt(text: string, index: number): number {
    if (index >= text.length) return this.#end
    const point = this.#options.byPoints ? (text.codePointAt(index) ?? 0) : text.charCodeAt(index)
    const letter = this.#alphabet.letterOf(point)
    return letter === this.#feed && index === text.length - 1 ? this.#endsInFeed : letter
  }

  #width(text: string, index: number): number {
    return this.#options.byPoints && (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1
  }

  #intern(waiting: Int32Array, before: number): number {
    const key = `${before}:${waiting.join()}`
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const transitions = new Int32Array(this.#end + 2).fill(UNKNOWN)
    const state = this.#states.push({ waiting, before, transitions }) - 1
    this.#byKey.set(key, state)
    this.#remembered += transitions.length + waiting.length + key.length
    return state
  }

  #isFull(): boolean {
    return this.#remembered >= MEMORY
  }

  #forget(): void {
    this.#states = []
    this.#remembered = 0
    this.#byKey = new Map()
  }
}

function isSame(left: Int32Array, right: Int32Array): boolean {
  return left.length === right.length && left.every((address, index) => address === right[index])
}
