/** What /proc says about a process that really works. */
import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'
import { usageOf } from './proc.ts'

test('the CPU time and memory of children count as their parent’s', async () => {
  const burn =
    'const end = Date.now() + 600; while (Date.now() < end); process.stdout.write("done"); setInterval(() => {}, 1e6)'
  const shell = spawn('/bin/sh', ['-c', `'${process.execPath}' -e '${burn}'; true`], { detached: true })
  try {
    await new Promise((done) => shell.stdout.once('data', done))
    const { cpuMicros, rssBytes } = usageOf(shell.pid ?? 0)
    // Much less than 600 ms only if something else took the processor.
    expect(cpuMicros).toBeGreaterThan(100_000)
    expect(cpuMicros).toBeLessThan(5_000_000)
    expect(rssBytes).toBeGreaterThan(20e6)
  } finally {
    process.kill(-(shell.pid ?? 0), 'SIGKILL')
  }
})

test('a process that is gone used nothing', () => {
  expect(usageOf(2 ** 30)).toEqual({ cpuMicros: 0, rssBytes: 0 })
})
