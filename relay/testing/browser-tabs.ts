/**
 * A browser whose tabs really hide each other. Playwright tells every page that it has the focus, which is what most
 * tests want and what makes `document.visibilityState` always `visible`; so this one is driven by the browser's own
 * DevTools protocol, and by as little of it as will do.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findChromium, SETTINGS } from './browser.ts'

export interface Tab {
  /** The value of a JavaScript expression, promises awaited; rejects with what it threw. */
  evaluate(expression: string): Promise<unknown>
  /** Brings it to the front, which hides the others. */
  activate(): Promise<void>
}

export interface TabbedBrowser {
  /** A new tab, in front of the others. */
  open(url: string): Promise<Tab>
  close(): Promise<void>
}

export async function startTabbedBrowser(): Promise<TabbedBrowser> {
  const folder = await mkdtemp(join(tmpdir(), 'halyard-browser-'))
  const settings = [...SETTINGS, '--headless', '--remote-debugging-port=0', `--user-data-dir=${folder}`]
  const child = spawn(await findChromium(), [...settings, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exit = once(child, 'exit')
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)
  const address = await new Promise<string>((found, failed) => {
    let output = ''
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      const listening = /DevTools listening on ws:\/\/(\S+?)\//.exec(output)?.[1]
      if (listening !== undefined) found(`http://${listening}`)
    })
    child.once('exit', () => failed(new Error(`the browser ended: ${output}`)))
  })
  return {
    open: async (url) => {
      const answer = await fetch(`${address}/json/new?${url}`, { method: 'PUT' })
      const { id, webSocketDebuggerUrl } = (await answer.json()) as { id: string; webSocketDebuggerUrl: string }
      const evaluate = await evaluator(webSocketDebuggerUrl)
      const activate = async (): Promise<void> => void (await fetch(`${address}/json/activate/${id}`))
      return { evaluate, activate }
    },
    close: async () => {
      process.off('exit', kill)
      kill()
      await exit
      await rm(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

interface Reply {
  readonly id?: number
  readonly result?: {
    readonly result?: { readonly value?: unknown }
    readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } }
  }
}

async function evaluator(address: string): Promise<Tab['evaluate']> {
  const socket = new WebSocket(address)
  const waiting = new Map<number, (reply: Reply) => void>()
  let last = 0
  await once(socket, 'open')
  socket.addEventListener('message', ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply
    if (reply.id !== undefined) waiting.get(reply.id)?.(reply)
  })
  return async (expression) => {
    const id = ++last
    const params = { expression, awaitPromise: true, returnByValue: true }
    const { result } = await new Promise<Reply>((resolve) => {
      waiting.set(id, resolve)
      socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }))
    })
    waiting.delete(id)
    const thrown = result?.exceptionDetails
    if (thrown !== undefined) throw new Error(thrown.exception?.description ?? thrown.text)
    return result?.result?.value
  }
}
