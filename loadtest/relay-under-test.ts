/** Starts a relay process for a load test: its own folder, its own ports, a document from a file, one core if asked. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export interface RelayUnderTest {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

const START_MS = 30_000

/** Resolves when the relay answers ready; rejects with its log when it does not within 30 s. */
export async function startRelay(document: string): Promise<RelayUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'halyard-loadtest-'))
  const [port, managementPort] = [await freePort(), await freePort()]
  writeFileSync(join(folder, 'flags.json'), document)
  writeFileSync(
    join(folder, 'relay.yaml'),
    `listen: { port: ${port}, management: { port: ${managementPort} } }
environments: { load: { upstream: { vendor: flagd, file: flags.json } } }
store: { disk: false }
log: { level: error }
`,
  )
  const main = resolve(import.meta.dirname, '../relay/main.ts')
  const relay = spawn(process.execPath, [main, 'serve', '--config', join(folder, 'relay.yaml')], { stdio: 'pipe' })
  let log = ''
  relay.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()))
  relay.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  await ready(`http://127.0.0.1:${managementPort}/readyz`, relay, () => log)
  return {
    url: `http://127.0.0.1:${port}`,
    pid: relay.pid ?? 0,
    stop: async () => {
      await ended(relay)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ready(url: string, relay: ChildProcess, log: () => string): Promise<void> {
  const deadline = Date.now() + START_MS
  while (Date.now() < deadline && relay.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok === true) return
    await new Promise((wake) => setTimeout(wake, 50))
  }
  relay.kill('SIGKILL')
  throw new Error(`the relay did not become ready within ${START_MS} ms:\n${log()}`)
}

function ended(relay: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (relay.exitCode !== null || relay.signalCode !== null) return done()
    relay.once('exit', () => done())
    relay.kill('SIGKILL')
  })
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer()
    server.once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        typeof address === 'object' && address !== null ? done(address.port) : failed(new Error('no port')),
      )
    })
  })
}
