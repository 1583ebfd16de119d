/** Peers as the user writes them, nginx's configuration, and the two constants against what they must repeat. */
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startBareHttp } from './bare-http.ts'
import { findOrInstall } from './find-or-install.ts'
import { configurationOf, startNginx } from './nginx.ts'
import { PEERS_FILE, peersOf, shotsOf, startPeer } from './peers.ts'
import type { Pinning } from './pinning.ts'
import { freePort } from './process.ts'
import { recordAnswer } from './target.ts'
import type { Answer } from './target.ts'

const nginx = await findOrInstall('nginx', 'nginx-light').catch(() => undefined)
const constants = nginx === undefined ? [startBareHttp] : [startBareHttp, startNginx]
const unpinned: Pinning = { words: 'not pinned', server: (command) => command }
const answer: Answer = {
  status: 200,
  headers: { 'content-type': 'application/json', etag: '"a-b"' },
  body: JSON.stringify({ text: `\\ "quoted" { é; } ${'x'.repeat(10_000)}` }),
}

test('the constants repeat the answer byte for byte, also with If-None-Match', async () => {
  for (const start of constants) {
    const target = await start(answer, '/any', unpinned)
    const { status, headers, body } = await recordAnswer(target.url + target.path, {
      body: '{}',
      headers: { 'x-y': 'z' },
    })
    expect({ name: target.name, status, body }).toEqual({ name: target.name, status: 200, body: answer.body })
    expect(headers).toMatchObject(answer.headers)
    await target.stop()
  }
}, 120_000)

test('304 is repeated without a body', async () => {
  const unchanged: Answer = { status: 304, headers: { etag: '"a"' }, body: '' }
  for (const start of constants) {
    const target = await start(unchanged, '/any', unpinned)
    const got = await recordAnswer(target.url + target.path, { body: '{}', headers: { 'if-none-match': '"a"' } })
    expect(got).toMatchObject(unchanged)
    await target.stop()
  }
}, 120_000)

test('what nginx would take for a variable is refused, not changed', () => {
  expect(() => configurationOf({ ...answer, body: '$host' }, 1, '/x')).toThrow('dollar')
})

test('the peers file that is shipped is valid, and so are its examples once uncommented', () => {
  const text = readFileSync(PEERS_FILE, 'utf8')
  expect(peersOf(text)).toEqual([])
  const [, examples = ''] = text.split('peers: []\n')
  const peers = peersOf(`peers:\n${examples.replaceAll(/^#/gm, '')}`)
  expect(peers.map(({ name, scenarios }) => `${name}: ${scenarios.join()}`)).toEqual([
    'flagd: single',
    'GO Feature Flag relay: single',
    'Unleash Edge: bulk',
    'GrowthBook proxy: bulk',
  ])
})

test('mistakes are named', () => {
  const peer = (fields: string): string => `peers: [{ name: a, start: b, path: /, ${fields} }]`
  expect(() => peersOf(peer('url: "https://flags.example.com/"'))).toThrow('peer 1: url must be http://127.0.0.1')
  expect(() => peersOf(peer('url: "http://127.0.0.1:1/deeper"'))).toThrow('url must be')
  expect(() => peersOf(peer('url: "http://127.0.0.1:1", paht: x'))).toThrow('unknown field paht')
  expect(() => peersOf('peers: [{ start: b, url: "http://127.0.0.1:1", path: / }]')).toThrow('name must be a text')
  expect(() => peersOf('peers: 7')).toThrow('expected a list')
})

test('a peer is started through its command, asked its own bodies, and ended with its children', async () => {
  const port = await freePort()
  const script = `require("node:http").createServer((q,s)=>s.end(require("node:fs").readFileSync(process.env.FLAGS_FILE))).listen(${port},"127.0.0.1")`
  const start = `true; '${process.execPath}' -e '${script}'`
  const [peer] = peersOf(
    JSON.stringify({
      peers: [{ name: 'p', start, url: `http://127.0.0.1:${port}`, path: '/x', body: '{"n":{n}}' }],
    }),
  )
  if (peer === undefined) throw new Error('no peer')
  expect(shotsOf(peer, [{ body: 'ours' }, { body: 'ours' }]).map(({ body }) => body)).toEqual(['{"n":0}', '{"n":1}'])
  const target = await startPeer(peer, [{ body: 'ours' }], 'the flags', unpinned)
  expect(await (await fetch(`${target.url}/x`)).text()).toBe('the flags')
  await target.stop()
  await expect(fetch(`${target.url}/x`)).rejects.toThrow()
  const again = createServer().listen(port, '127.0.0.1')
  await new Promise((listening, failed) => again.once('listening', listening).once('error', failed))
  again.close()
}, 30_000)
