/** Applying a large document leaves turns for requests: measured in processor time, since the clock tells of others too. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

async function longestTurn(mode: 'sliced' | 'whole'): Promise<number> {
  const script = join(import.meta.dirname, 'testing/loop-delay.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [script, mode, '5000', '2'])
  const { swaps, changed, longestTurnCpuMs } = JSON.parse(stdout) as Record<
    'swaps' | 'changed' | 'longestTurnCpuMs',
    number
  >
  expect({ swaps, changed }).toEqual({ swaps: 4, changed: 15_000 })
  return longestTurnCpuMs
}

it('the longest turn is a small part of what compiling in one go takes', { timeout: 60_000 }, async () => {
  const whole = await longestTurn('whole')
  const sliced = await longestTurn('sliced')
  expect(sliced, `ms in slices, against ${whole} ms in one go`).toBeLessThan(whole / 2)
})
