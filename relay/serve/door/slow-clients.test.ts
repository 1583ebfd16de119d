import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { open, startRig } from '../testing/rig.ts'

const DRIPPING = 1_500

it(`${DRIPPING} clients that drip their requests do not keep honest ones from being answered, and are cut`, async () => {
  const document = { flags: { f: { variants: { a: 1 }, serve: 'a' } } }
  const limits = { headersTimeoutMs: 1_500, requestTimeoutMs: 1_500, checkIntervalMs: 200 }
  const rig = await startRig({ environments: [open(document)], limits })
  const sockets: Socket[] = []
  const gone = Promise.all(
    Array.from({ length: DRIPPING }, (_, index) => {
      return new Promise<void>((resolve) => {
        const socket = connect(rig.port, '127.0.0.1', () => {
          socket.write(index % 2 === 0 ? 'GET /' : 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n')
        })
        socket.on('error', () => undefined)
        socket.on('data', () => undefined)
        socket.on('close', () => resolve())
        sockets.push(socket)
      })
    }),
  )
  const drip = setInterval(() => {
    for (const socket of sockets) if (socket.writable && Math.abs(socket.bytesWritten) < 40) socket.write('x')
  }, 400)
  for (let asked = 0; asked < 200; asked++) {
    expect((await rig.post('/ofrep/v1/evaluate/flags/f', {})).status).toBe(200)
  }
  // Ends only when every dripping client was cut; the test's own time limit is what fails otherwise.
  await gone
  clearInterval(drip)
  await rig.stop()
})
