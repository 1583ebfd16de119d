/** Server processes under test: started in a group of their own, watched until they answer, ended with all their children. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { within } from '../measure/within.ts'

export interface ServerProcess {
  readonly pid: number
  /** What it wrote so far, the last 20 000 characters. */
  readonly log: () => string
  readonly stop: () => Promise<void>
}

export interface StartOptions {
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Resolves true once the server answers. */
  readonly ready: () => Promise<boolean>
  /** Pause between two askings. Default 5 ms. */
  readonly everyMs?: number
  /** Default 60 000 ms. */
  readonly withinMs?: number
}

const LOG_LENGTH = 20_000
/** How long a killed process is waited for. */
const END_MS = 10_000
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) kill(child)
})

/** Rejects with the server's log when it ends or does not answer in time. */
export async function startServer(options: StartOptions): Promise<ServerProcess> {
  const { command, env, cwd, ready, everyMs = 5, withinMs = 60_000 } = options
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
  running.add(child)
  let log = ''
  const keep = (chunk: Buffer): void => void (log = (log + chunk.toString()).slice(-LOG_LENGTH))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  let failed: Error | undefined
  child.once('error', (error) => (failed = error))
  const deadline = performance.now() + withinMs
  const answered = (): Promise<boolean> =>
    within(withinMs, `asking whether ${program} is ready`, ready()).catch(() => false)
  while (!(await answered())) {
    const ended = child.exitCode !== null || child.signalCode !== null
    if (failed !== undefined || ended || performance.now() > deadline) {
      await end(child)
      const why = failed?.message ?? (ended ? 'it ended' : `it did not answer within ${withinMs} ms`)
      throw new Error(`${command.join(' ')}: ${why}\n${log}`)
    }
    await pause(everyMs)
  }
  return { pid: child.pid ?? 0, log: () => log, stop: () => end(child) }
}

/** Whether the address answers with this status. */
export async function answers(url: string, init: RequestInit = {}, status = 200): Promise<boolean> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(2000) }).catch(() => undefined)
  await answer?.arrayBuffer().catch(() => undefined)
  return answer?.status === status
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((wake) => {
    setTimeout(wake, milliseconds)
  })
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
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

function end(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    running.delete(child)
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return done()
    // A process in the kernel's hands may take its time to end, or for ever: the run goes on without it.
    const patience = setTimeout(done, END_MS)
    child.once('exit', () => {
      clearTimeout(patience)
      done()
    })
    kill(child)
  })
}

/** The whole group: a peer's start command may be a shell with the server as its child. */
function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
