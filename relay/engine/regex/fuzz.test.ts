/**
 * Proves that ECMAScript patterns answer exactly as the native engine does: patterns are grown from the grammar, and
 * subjects are grown from the same pattern, so that about half of them match and the rest just miss.
 * `REGEX_FUZZ_PAIRS=1000000` runs more pairs, `REGEX_FUZZ_SEED` another seed.
 */
import { describe, expect, it } from 'vitest'
import { linearRegex } from './linear.ts'
import { growPattern, growSubject } from './testing/grammar.ts'
import { randomFrom } from './testing/random.ts'

const PAIRS = Number(process.env['REGEX_FUZZ_PAIRS'] ?? 40_000)
const SEED = Number(process.env['REGEX_FUZZ_SEED'] ?? 20261120)
const SUBJECTS = 8

describe(`differential fuzz against the native engine, seed ${SEED}`, () => {
  it(`agrees on ${PAIRS} pairs of pattern and subject`, { timeout: 60_000 + PAIRS }, () => {
    const random = randomFrom(SEED)
    const answers = { yes: 0, no: 0, refused: 0 }
    for (let pair = 0; pair < PAIRS; pair += SUBJECTS) {
      const flags = ['', 'i', 'm', 's', 'u', 'iu', 'im', 'msu', 'y', 'imsu', 'v', 'iv', 'dg', 'iuy'][random(14)] ?? ''
      const grown = growPattern(random, flags)
      let native: RegExp
      try {
        native = new RegExp(grown.source, flags)
      } catch {
        expect(() => linearRegex(grown.source, flags), `/${grown.source}/${flags}`).toThrow()
        answers.refused++
        continue
      }
      const ours = linearRegex(grown.source, flags, 'ecmascript', { native: false })
      const fast = linearRegex(grown.source, flags)
      for (let subject = 0; subject < SUBJECTS; subject++) {
        const text = growSubject(random, grown)
        native.lastIndex = 0
        const expected = native.test(text)
        answers[expected ? 'yes' : 'no']++
        const where = `/${grown.source}/${flags} on ${JSON.stringify(text)}`
        if (ours.test(text) !== expected) expect.fail(`automaton: ${where}, native says ${expected}`)
        if (fast.test(text) !== expected) expect.fail(`${fast.engine}: ${where}, native says ${expected}`)
      }
    }
    expect(answers.yes).toBeGreaterThan(PAIRS / 5)
    expect(answers.no).toBeGreaterThan(PAIRS / 5)
    expect(answers.refused).toBeLessThan(PAIRS / SUBJECTS / 4)
  })
})
