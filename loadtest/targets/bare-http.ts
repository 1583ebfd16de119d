/**
 * The floor of Node itself: `node:http` with the recorded answer as a constant. This file is both the target and, started
 * as a process, the server, so that the measured process holds nothing else.
 */
import { createServer } from 'node:http'
import type { Pinning } from './pinning.ts'
import { answers, freePort, startServer } from './process.ts'
import type { Answer, Target } from './target.ts'

export async function startBareHttp(answer: Answer, path: string, pinning: Pinning): Promise<Target> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const { pid, stop } = await startServer({
    command: pinning.server([process.execPath, import.meta.filename, String(port)]),
    env: { CONSTANT_ANSWER: JSON.stringify(answer) },
    ready: () => answers(url + path, { method: 'POST', body: '{}' }, answer.status),
  })
  return { name: 'node:http constant', url, path, pid, stop }
}

function serve(port: number, { status, headers, body }: Answer): void {
  const bytes = Buffer.from(body)
  const fields = { ...headers, ...(status === 304 ? {} : { 'content-length': bytes.length }) }
  createServer((incoming, answer) => {
    // The request's body is read, as any server that answers it must.
    incoming.on('data', () => undefined)
    incoming.on('end', () => answer.writeHead(status, fields).end(status === 304 ? undefined : bytes))
  }).listen(port, '127.0.0.1')
}

if (import.meta.main) serve(Number(process.argv[2]), JSON.parse(process.env['CONSTANT_ANSWER'] ?? '{}') as Answer)
