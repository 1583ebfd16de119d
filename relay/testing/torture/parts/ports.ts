/**
 * Free ports, known before anything listens: a relay that is killed must come back where its clients look for it. Below
 * the range that outgoing connections take theirs from, else a busy run would lend the port to one of its own clients.
 */
import { createServer } from 'node:net'

const LOWEST = 12_000
const COUNT = 16_000

/** A port that was free just now, and that this process has not given away before. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * COUNT)
    if (!given.has(port) && (await isFree(port))) {
      given.add(port)
      return port
    }
  }
  throw new Error('no free port was found')
}

const given = new Set<number>()

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
