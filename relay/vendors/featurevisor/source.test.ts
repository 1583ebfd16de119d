/** The source against a static file server that keeps HTTP's caching rules, and against a file; and the demo datafile. */
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createInstance, createLogger } from '@featurevisor/sdk'
import { afterEach, describe, expect, it } from 'vitest'
import { compile } from '../../engine/index.ts'
import { until } from '../../upstream/testing/recorder.ts'
import type { Recorder } from '../../upstream/testing/recorder.ts'
import { httpUpstream } from '../../upstream/testing/upstreams.ts'
import type { TestUpstream } from '../../upstream/testing/upstreams.ts'
import { follow } from '../testing/follow.ts'
import type { Followed } from '../testing/follow.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { featurevisor } from './source.ts'

/** A CDN: one datafile with an ETag and a date, 304 to whoever has it, 403 without the header it asks for. */
class Cdn {
  revision: number = 1
  date: string = 'Wed, 01 Jul 2026 10:00:00 GMT'

  answer(request: IncomingMessage, response: ServerResponse): void {
    const etag = `"${this.revision}"`
    if (request.url !== '/production/featurevisor-web.json') response.writeHead(404).end()
    else if (request.headers['x-access'] !== 'yes') response.writeHead(403).end()
    else if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
    else {
      response.writeHead(200, { 'content-type': 'application/json', etag, 'last-modified': this.date })
      response.end(this.document)
    }
  }

  get document(): string {
    return JSON.stringify({ schemaVersion: '2', revision: String(this.revision), segments: {}, features: {} })
  }
}

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

function started(settings: UpstreamSettings): Followed {
  const followed = follow(featurevisor, settings)
  open.push({ close: () => followed.source.stop() })
  return followed
}

async function polled(headers: Record<string, string>): Promise<{
  readonly cdn: Cdn
  readonly server: TestUpstream
  readonly sink: Recorder
  readonly next: () => Promise<number>
}> {
  const cdn = new Cdn()
  const server = await httpUpstream((request, response) => cdn.answer(request, response))
  const url = `${server.url}/production/featurevisor-web.json`
  const { sink, next } = started({ vendor: 'featurevisor', url, headers })
  open.push(server)
  await sink.at(1)
  return { cdn, server, sink, next: async () => (await next()).wait }
}

describe('polling', () => {
  it('asks every 30 s whether the datafile it has is still the one', async () => {
    const { cdn, server, sink, next } = await polled({ 'x-access': 'yes' })
    const first = cdn.document
    await next()
    cdn.revision = 2
    const wait = await next()
    expect(sink.words).toEqual([first, 'unchanged', cdn.document])
    expect(wait).toBeGreaterThanOrEqual(27_000)
    expect(wait).toBeLessThanOrEqual(33_000)
    expect(server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"', '"1"'])
    expect(server.requests[1]?.headers['if-modified-since']).toBe(cdn.date)
  })

  it('reports a refusal and goes on', async () => {
    const { sink } = await polled({})
    expect((await sink.failureAt(1)).kind).toBe('unauthorized')
  })
})

it('follows a file that a build replaces', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'featurevisor-'))
  open.push({ close: () => rm(folder, { recursive: true }) })
  const cdn = new Cdn()
  const file = join(folder, 'featurevisor-web.json')
  await writeFile(file, cdn.document)
  const { sink, timers } = started({ vendor: 'featurevisor', file })
  await sink.at(1)
  cdn.revision = 2
  await writeFile(`${file}.new`, cdn.document)
  await rename(`${file}.new`, file)
  await until(() => timers.nextIn !== undefined, 'a look to be scheduled')
  await timers.advance(20_000)
  await until(() => sink.words.includes(cdn.document), 'the replaced file')
})

describe('settings', () => {
  const vendor = 'featurevisor'
  it.each([
    [{ vendor }, 'url', 'give the url of a datafile, or a file'],
    [{ vendor, url: 'https://cdn.example.com/d.json', file: 'd.json' }, 'url', 'not both'],
    [{ vendor, url: 'cdn.example.com/d.json' }, 'url', 'must be the http or https address'],
    [{ vendor, file: 'd.json', secret: 'k' }, 'secret', 'has no secrets'],
    [{ vendor, file: 'd.json', options: { semantics: 5 } }, 'options', 'options.semantics: must be 2 or 3'],
  ])('%j are refused', (settings, path, message) => {
    const problems = featurevisor.check(settings)
    expect(problems).toHaveLength(1)
    expect(problems[0]?.path).toBe(path)
    expect(problems[0]?.message).toContain(message)
  })
})

it('the demo datafile has no problems and answers as the vendor’s SDK', async () => {
  const text = await readFile(new URL('../../../config/flags/featurevisor.json', import.meta.url), 'utf8')
  const { ruleset, problems } = compile({ dialect: featurevisor.dialect, document: text })
  expect(problems).toEqual([])
  const sdk = createInstance({ datafile: text, logger: createLogger({ handler: () => undefined }) })
  const seen = new Map<string, Set<string>>()
  for (let user = 0; user < 300; user++) {
    const context = {
      userId: `user-${user}`,
      country: ['nl', 'de', 'us'][user % 3] ?? 'nl',
      plan: ['free', 'pro', 'enterprise'][user % 7] ?? 'free',
      email: user % 10 === 0 ? `u${user}@shop.example` : `u${user}@mail.example`,
      version: user % 2 === 0 ? '3.2.0' : '2.9.1',
    }
    const features = sdk.getAllEvaluations(context)
    for (const { key, value } of ruleset.evaluateAll(context)) {
      const [feature = '', part] = key.split(':')
      const theirs = features[feature]
      const variables = theirs?.variables ?? {}
      const expected = part === undefined ? theirs?.enabled : part === 'variation' ? theirs?.variation : variables[part]
      expect(value ?? null).toEqual(expected ?? null)
      seen.set(key, (seen.get(key) ?? new Set()).add(JSON.stringify(value)))
    }
  }
  const varying = [...seen].filter(([, values]) => values.size > 1).map(([key]) => key)
  expect(varying.length).toBeGreaterThanOrEqual(8)
})
