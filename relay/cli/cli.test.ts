/** The commands as a person meets them: their words, their exit codes, real files and a real server. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from './cli.ts'
import type { Terminal } from './terminal.ts'

const DEMO = join(import.meta.dirname, '../../config/flags/featbit.json')
const ADA = '{"targetingKey":"ada","country":"NL"}'

let folder: string
const servers: Server[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halyard-cli-'))
})
afterEach(async () => {
  for (const server of servers.splice(0)) server.close()
  await rm(folder, { recursive: true })
})

interface Said {
  readonly code: number
  readonly out: string
  readonly error: string
}

async function halyard(args: readonly string[], variables: Record<string, string> = {}): Promise<Said> {
  const out: string[] = []
  const error: string[] = []
  const terminal: Terminal = {
    out: (line) => void out.push(line),
    error: (line) => void error.push(line),
    paint: (_, text) => text,
    variables,
  }
  const code = await runCli(args, terminal)
  return { code, out: out.join('\n'), error: error.join('\n') }
}

async function file(name: string, content: unknown): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

/** The demo document with one flag that cannot be read. */
async function damaged(): Promise<{ path: string; key: string }> {
  const document = JSON.parse(await readFile(DEMO, 'utf8')) as { data: { featureFlags: Record<string, unknown>[] } }
  const [flag] = document.data.featureFlags
  if (flag === undefined) throw new Error('the demo has flags')
  flag['variations'] = 5
  return { path: await file('damaged.json', document), key: String(flag['key']) }
}

async function listen(answer: (request: IncomingMessage, body: string) => [number, string]): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (data: Buffer) => (body += data.toString()))
    request.on('end', () => {
      const [status, text] = answer(request, body)
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(text)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An address where nobody listens any more. */
async function silence(): Promise<string> {
  const url = await listen(() => [200, '{}'])
  const server = servers.pop()
  await new Promise((resolve) => server?.close(resolve))
  return url
}

describe('the command line', () => {
  test('help, version and every command’s own help exit with 0 on stdout', async () => {
    for (const args of [[], ['--help'], ['-h'], ['help']]) {
      const said = await halyard(args)
      expect(said).toMatchObject({ code: 0, error: '' })
      for (const name of ['serve', 'check', 'evaluate', 'explain', 'health']) expect(said.out).toContain(`  ${name}`)
    }
    expect((await halyard(['--version'])).out).toMatch(/^halyard \d+\.\d+\.\d+$/)
    for (const name of ['serve', 'check', 'evaluate', 'explain', 'health']) {
      const said = await halyard([name, '--help'])
      expect(said).toMatchObject({ code: 0, error: '' })
      expect(said.out).toContain(`halyard ${name}`)
      expect(await halyard(['help', name])).toEqual(said)
    }
  })

  test.each([
    [['chek'], 'there is no command "chek"; did you mean "check"?'],
    [['help', 'constructor'], 'there is no command "constructor"'],
    [['check'], 'check needs a FILE'],
    [['check', '--dialct', 'x', 'f'], "Unknown option '--dialct'; did you mean --dialect?"],
    [['check', DEMO, '--dialect', 'nobody'], 'there is no dialect "nobody"'],
    [['check', DEMO, '--option', 'novalue'], '--option needs NAME=VALUE'],
    [['evaluate'], 'evaluate needs a FILE, or a --url'],
    [['evaluate', DEMO], 'evaluate needs a KEY'],
    [['evaluate', DEMO, 'a', 'b'], '"b" is one too many'],
    [['evaluate', DEMO, 'a', '--all'], 'a KEY or --all'],
    [['evaluate', DEMO, 'a', '--context', '{oops'], 'the context is not JSON'],
    [['evaluate', DEMO, 'a', '--context', '[1]'], 'must be a JSON object'],
    [['evaluate', DEMO, 'a', '--type', 'bool'], '--type is one of boolean, string, number, object'],
    [['evaluate', DEMO, 'a', '--now', 'soon'], '--now is no moment'],
    [['evaluate', '--url', 'localhost', 'a'], '--url must be an http or https URL'],
    [['explain', DEMO], 'explain needs a KEY'],
    [['health', '--timeout', '-1'], '--timeout'],
    [['serve', 'relay.yaml'], 'serve takes no arguments but --config FILE'],
  ])('%j makes no sense: exit code 2 and a way out', async (args, message) => {
    const said = await halyard(args)
    expect(said.code).toBe(2)
    expect(said.out).toBe('')
    expect(said.error).toContain(message)
    expect(said.error).toMatch(/Try: halyard .*--help$/)
    expect(said.error).not.toContain('    at ')
  })
})

describe('check', () => {
  test('a good document: its dialect is found, exit code 0', async () => {
    const said = await halyard(['check', DEMO])
    expect(said).toEqual({ code: 0, error: '', out: `${DEMO} (featbit): 8 flags, no problems` })
  })

  test('every demo document is told apart from the other dialects', async () => {
    const flags = join(DEMO, '..')
    for (const name of (await readdir(flags)).filter((name) => name.endsWith('.json'))) {
      const said = await halyard(['check', join(flags, name)])
      expect(said.out.split('\n')[0]).toMatch(
        new RegExp(`\\(${name.replace('.json', '')}\\): \\d+ flags, no problems$`),
      )
    }
  })

  test('a bad flag is named with its path, exit code 1', async () => {
    const { path, key } = await damaged()
    const said = await halyard(['check', path])
    expect(said.code).toBe(1)
    expect(said.out).toContain('(featbit): 8 flags, 1 error')
    expect(said.out.split('\n')[1]).toMatch(new RegExp(`^ {2}error .*${key}.*variations`))
  })

  test.each([
    ['nothing.json', undefined, 'does not exist'],
    ['no.json', '{oops', 'neither a flag document nor JSON'],
    ['other.json', '{"hello":1}', 'no document of a known dialect'],
  ])('%s', async (name, content, message) => {
    const path = content === undefined ? join(folder, name) : await file(name, content)
    const said = await halyard(['check', path])
    expect(said.code).toBe(1)
    expect(said.out + said.error).toContain(message)
  })

  test('a named dialect says why it cannot use a document', async () => {
    const said = await halyard(['check', await file('other.json', '{"hello":1}'), '--dialect', 'featbit'])
    expect(said.code).toBe(1)
    expect(said.out).toContain('no usable featbit document: ')
  })

  test('YAML documents are read as JSON', async () => {
    const { stringify } = await import('yaml')
    const path = await file('flags.yaml', stringify(JSON.parse(await readFile(DEMO, 'utf8'))))
    expect(await halyard(['check', path])).toMatchObject({ code: 0 })
  })

  test('a configuration is checked with the documents it names', async () => {
    const { path, key } = await damaged()
    const environment = (document: string): string => `upstream: { vendor: featbit, file: ${document} }`
    const good = await file('good.yaml', `environments: { a: { ${environment(DEMO)} } }\n`)
    const said = await halyard(['check', good])
    expect(said.code).toBe(0)
    expect(said.out).toContain('(configuration): 1 environment, no problems')
    expect(said.out).toContain('(featbit): 8 flags')

    const broken = await file('broken.yaml', `environments: { a: { ${environment(path)} } }\n`)
    expect(await halyard(['check', broken])).toMatchObject({ code: 1, out: expect.stringContaining(key) as string })
    const lost = await file('lost.yaml', `environments: { a: { ${environment('nowhere.json')} } }\n`)
    expect(await halyard(['check', lost])).toMatchObject({
      code: 1,
      out: expect.stringContaining('does not exist') as string,
    })
  })

  test('every problem of a configuration at once, with line and column, and no secret', async () => {
    const path = await file(
      'relay.yaml',
      'listen: { prot: 1 }\nenvironments: { a: { upstream: { vendor: featbitt, url: "https://x.test", secret: "${S}" }, keys: { server: [topsecret, topsecret] } } }\n',
    )
    const said = await halyard(['check', path], { S: 'topsecret' })
    expect(said.code).toBe(1)
    expect(said.out.split('\n')[0]).toContain('(configuration): 3 errors')
    expect(said.out).toContain('1:11  listen.prot')
    expect(said.out).toContain('did you mean "featbit"?')
    expect(said.out).toContain('is the same key as')
    expect(said.out).not.toContain('topsecret')
  })

  test('several files: the worst decides', async () => {
    const { path } = await damaged()
    const said = await halyard(['check', DEMO, join(folder, 'nowhere'), path, DEMO])
    expect(said.code).toBe(1)
    expect(said.out.match(/no problems/g)).toHaveLength(2)
    expect(said.out).toContain('nowhere does not exist')
  })
})

describe('evaluate and explain', () => {
  test('one flag, all flags, as lines and as JSON', async () => {
    const all = JSON.parse((await halyard(['evaluate', DEMO, '--all', '--context', ADA, '--json'])).out) as {
      key: string
    }[]
    expect(all).toHaveLength(8)
    for (const expected of all) {
      const one = await halyard(['evaluate', DEMO, expected.key, '--context', ADA, '--json'])
      expect(JSON.parse(one.out)).toEqual(expected)
      const { trace, ...explained } = JSON.parse(
        (await halyard(['explain', DEMO, expected.key, '-c', ADA, '--json'])).out,
      ) as { trace: unknown[] }
      expect(explained).toEqual(expected)
      expect(trace.length).toBeGreaterThan(0)
    }
    const said = await halyard(['evaluate', DEMO, '--all', '-c', ADA])
    expect(said.code).toBe(0)
    expect(said.out).toMatch(/^free-shipping-threshold\s+25 {2}variant .* {2}TARGETING_MATCH$/m)
  })

  test('the context from a file', async () => {
    const path = await file('ada.json', ADA)
    const inline = await halyard(['evaluate', DEMO, '--all', '-c', ADA])
    expect(await halyard(['evaluate', DEMO, '--all', '-c', `@${path}`])).toEqual(inline)
    expect(await halyard(['evaluate', DEMO, '--all', '-c', `@${path}.no`])).toMatchObject({ code: 1 })
  })

  test('an error code makes the exit code 1: unknown flags and wrong types', async () => {
    expect(await halyard(['evaluate', DEMO, 'constructor', '-c', ADA])).toMatchObject({
      code: 1,
      out: expect.stringContaining('FLAG_NOT_FOUND') as string,
    })
    expect(await halyard(['evaluate', DEMO, 'checkout-theme', '-c', ADA, '--type', 'boolean'])).toMatchObject({
      code: 1,
      out: expect.stringContaining('TYPE_MISMATCH') as string,
    })
    expect(await halyard(['explain', DEMO, 'nope', '-c', ADA])).toMatchObject({ code: 1 })
  })

  test('explain prints the path as an indented tree that ends in what was served', async () => {
    const { code, out } = await halyard(['explain', DEMO, 'express-delivery', '-c', ADA])
    expect(code).toBe(0)
    const lines = out.split('\n')
    expect(lines[0]).toMatch(/^express-delivery {2}/)
    expect(lines.some((line) => /^ {2}rule .* → does not match$/.test(line))).toBe(true)
    expect(lines.some((line) => /^ {4}\S/.test(line))).toBe(true)
    expect(lines.at(-1)).toMatch(/^ {2}serve → value /)
  })
})

describe('against a server', () => {
  test('evaluate asks over OFREP, with key and environment', async () => {
    const seen: unknown[] = []
    const url = await listen((request, body) => {
      seen.push([
        request.url,
        request.headers.authorization,
        request.headers['x-halyard-environment'],
        JSON.parse(body),
      ])
      if (request.url?.endsWith('/flags') === true)
        return [200, '{"flags":[{"key":"a","reason":"STATIC","value":true}]}']
      if (request.url?.endsWith('gone') === true) return [404, '{"key":"gone","errorCode":"FLAG_NOT_FOUND"}']
      return [200, '{"key":"a/b","reason":"STATIC","value":7,"variant":"seven"}']
    })
    const one = await halyard(['evaluate', '--url', `${url}/`, 'a/b', '-c', ADA, '-e', 'shop'], {
      HALYARD_KEY: 'from-env',
    })
    expect(one).toMatchObject({ code: 0, out: 'a/b  7  variant seven  STATIC' })
    expect(await halyard(['evaluate', '-u', url, '--all', '-k', 'given'])).toMatchObject({
      code: 0,
      out: 'a  true  STATIC',
    })
    expect(await halyard(['evaluate', '-u', url, 'gone'])).toMatchObject({ code: 1 })
    expect(seen.slice(0, 2)).toEqual([
      ['/ofrep/v1/evaluate/flags/a%2Fb', 'Bearer from-env', 'shop', { context: JSON.parse(ADA) as unknown }],
      ['/ofrep/v1/evaluate/flags', 'Bearer given', undefined, { context: {} }],
    ])
  })

  test('refusals and silence are told in words', async () => {
    const url = await listen(() => [401, '{"errorDetails":"present a key"}'])
    expect((await halyard(['evaluate', '-u', url, '--all'])).error).toContain('the relay answered 401: present a key')
    expect((await halyard(['evaluate', '-u', await silence(), '--all'])).error).toContain(
      'does not answer: ECONNREFUSED',
    )
  })

  test('health follows the status, of readiness or of life', async () => {
    const url = await listen((request) => [request.url === '/healthz' ? 200 : 503, '{}'])
    expect(await halyard(['health', '--url', url])).toMatchObject({ code: 1 })
    expect(await halyard(['health', '--url', url, '--live'])).toMatchObject({ code: 0 })
    const { port } = new URL(url)
    expect(await halyard(['health', '--live'], { HALYARD_LISTEN_MANAGEMENT_PORT: port })).toMatchObject({ code: 0 })
    expect((await halyard(['health', '--url', await silence()])).error).toContain('ECONNREFUSED')
  })
})
