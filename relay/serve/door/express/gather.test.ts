import { createServer, connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { randomFrom } from '../../testing/random.ts'
import { Gather } from './gather.ts'
import type { Piece } from './gather.ts'

async function pair(): Promise<{ server: Socket; client: Socket; close: () => void }> {
  const listener = createServer()
  await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  const accepted = new Promise<Socket>((resolve) => listener.once('connection', resolve))
  const client = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  const server = await accepted
  return {
    server,
    client,
    close: () => {
      for (const socket of [server, client]) socket.destroy()
      listener.close()
    },
  }
}

it.each([true, false])('pieces arrive whole and in order at readers fast and slow (reuse: %s)', async (reuse) => {
  const random = randomFrom(20_261_121)
  const gather = new Gather(reuse)
  const ends = [await pair(), await pair(), await pair()]
  const [, slow] = ends
  slow?.client.pause()
  const sent = ends.map((): Buffer[] => [])
  const received = ends.map(() => 0)
  const arrived = ends.map((): Buffer[] => [])
  for (const [index, { client }] of ends.entries()) {
    client.on('data', (chunk: Buffer) => {
      arrived[index]?.push(chunk)
      received[index] = (received[index] ?? 0) + chunk.length
    })
  }
  slow?.client.pause()
  for (let round = 0; round < 600; round++) {
    const index = random.below(ends.length)
    const pieces: Piece[] = Array.from({ length: 1 + random.below(4) }, () => {
      const letter = String.fromCharCode(random.pick([0x20, 0x7e, 0xe9, 0xff]) - random.below(20))
      const text = letter.repeat(random.pick([0, 1, 300, 5_000, 40_000]))
      return random.chance(0.5) ? text : Buffer.from(text, 'latin1')
    })
    const end = ends[index]
    if (end === undefined) continue
    gather.write(end.server, pieces)
    sent[index]?.push(...pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)))
    if (random.chance(0.2)) await new Promise((wake) => setImmediate(wake))
  }
  // More than the system keeps, so that some of it waited in the process.
  expect(slow?.server.writableLength).toBeGreaterThan(0)
  slow?.client.resume()
  for (const [index, bytes] of sent.entries()) {
    const whole = Buffer.concat(bytes)
    while ((received[index] ?? 0) < whole.length) await new Promise((wake) => setTimeout(wake, 5))
    expect(Buffer.concat(arrived[index] ?? []).equals(whole)).toBe(true)
  }
  for (const { close } of ends) close()
})
