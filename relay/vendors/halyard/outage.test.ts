/** A chain whose upstream is away for ten minutes: its stream and the polls that step in each keep to one timer and one socket. */
import { expect, it } from 'vitest'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { Recorder, until } from '../../upstream/testing/recorder.ts'
import { tcpUpstream } from '../../upstream/testing/upstreams.ts'
import { halyard } from './source.ts'

const TEN_MINUTES = 600_000

it.each(['hangs', 'resets'])(
  'is never more than two timers, two sockets and the published schedule when it %s',
  { timeout: 60_000 },
  async (fault) => {
    const server = await tcpUpstream((socket) => {
      socket.resume()
      if (fault === 'resets') socket.resetAndDestroy()
    })
    const timers = new FakeTimers({ seed: 2 })
    const source = halyard.connect({ vendor: 'halyard', url: server.url }, { timers, seed: 'test' })
    const sink = new Recorder()
    source.start(sink)
    let peakTimers = 0
    while (timers.monotonic() < TEN_MINUTES) {
      await timers.advance(250)
      await new Promise((resolve) => void setTimeout(resolve, 1))
      peakTimers = Math.max(peakTimers, timers.pending)
      expect(['starting', 'retrying']).toContain(source.status().state)
    }
    // At the start the wait for the stream is a third, until it is over.
    expect(peakTimers).toBeLessThanOrEqual(3)
    expect(server.peakSockets).toBeLessThanOrEqual(2)
    expect(server.seen).toBeGreaterThan(8)
    expect(server.seen).toBeLessThan(2 * 60)
    expect(sink.events.every(({ kind }) => kind === 'failed')).toBe(true)
    await source.stop()
    await until(() => server.openSockets === 0, 'the end of every socket')
    expect(timers.pending).toBe(0)
    await server.close()
  },
)
