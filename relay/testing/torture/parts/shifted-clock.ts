/**
 * Loaded into a relay before anything else: its wall clock is off by what a file says, read anew at SIGUSR2. The
 * monotonic clock is left alone, as a step of NTP leaves it.
 */
import { readFileSync } from 'node:fs'

const path = process.env['TORTURE_CLOCK'] ?? ''
const Real = Date
let offset = 0

class Shifted extends Real {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(Real.now() + offset)
    else super(...given)
  }

  static override now(): number {
    return Real.now() + offset
  }
}

globalThis.Date = Shifted as DateConstructor
process.on('SIGUSR2', () => {
  offset = Number(readFileSync(path, 'utf8'))
})
