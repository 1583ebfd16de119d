/** Loading: what is accepted, what is refused and in which words, and that no secret is ever said. */
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultLimits } from '../relay/serve/settings.ts'
import { vendors } from '../relay/vendors/index.ts'
import type { Vendor } from '../relay/vendors/vendor.ts'
import { loadSettings, readSettings } from './loading.ts'
import type { Loaded } from './loading.ts'

const NOW = Date.UTC(2026, 10, 20)
const upstream = 'upstream: { vendor: flagd, url: "https://example.test/flags.json" }'
const minimal = `environments: { a: { ${upstream} } }\n`

function read(text: string, variables: Record<string, string> = {}, known?: ReadonlyMap<string, Vendor>): Loaded {
  return readSettings(text, '/etc/halyard', { variables, now: NOW, ...(known && { vendors: known }) })
}
function lines(loaded: Loaded): string[] {
  return loaded.problems.map(({ path, line, column, message }) => `${line ?? '-'}:${column ?? '-'} ${path} ${message}`)
}

describe('accepted', () => {
  test('a minimal file gets every default', () => {
    const { settings, problems } = read(minimal)
    expect(problems).toEqual([])
    expect(settings?.listen).toMatchObject({ host: '127.0.0.1', port: 8080, management: { port: 8081 } })
    expect(settings?.listen.limits).toEqual(defaultLimits)
    expect(settings?.environments.get('a')).toMatchObject({
      anonymous: false,
      valueless: 'omit',
      staleAfterMs: 300_000,
      plausibility: { maxShrink: 0.5, maxGrowth: 4, confirmations: 3, confirmAfterMs: 60_000 },
    })
    expect(settings?.store.disk).toBe('/etc/halyard/.halyard')
  })

  test.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5h', 5_400_000],
    [2500, 2500],
  ])('every: %s is %d ms', (written, expected) => {
    const { settings } = read(`environments: { a: { upstream: { vendor: v, file: f, every: ${written} } } }`)
    expect(settings?.environments.get('a')?.upstream).toEqual({
      vendor: 'v',
      file: '/etc/halyard/f',
      everyMs: expected,
    })
  })

  test.each(['99ms', '2d', '-5s', '5 s', '5'])('every: %s is no poll interval', (written) => {
    const { problems } = read(`environments: { a: { upstream: { vendor: v, file: f, every: ${written} } } }`)
    expect(problems.map(({ path }) => path)).toEqual(['environments.a.upstream.every'])
  })

  test('certificates are read from their file, which is relative to this one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'halyard-config-'))
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
    await writeFile(join(folder, 'ca.pem'), pem)
    await writeFile(join(folder, 'key.pem'), '-----BEGIN PRIVATE KEY-----')
    const readCa = (ca: string): Loaded =>
      readSettings(minimal.replace('{ vendor', `{ ca: ${ca}, vendor`), folder, { variables: {}, now: NOW })
    expect(readCa('ca.pem').settings?.environments.get('a')?.upstream.ca).toBe(pem)
    expect(lines(readCa('key.pem'))).toEqual([expect.stringContaining('a.upstream.ca is a file without certificates')])
    expect(lines(readCa('none.pem'))).toEqual([expect.stringContaining('a.upstream.ca is a file that cannot be read')])
    await rm(folder, { recursive: true })
  })

  test('the secret of a webhook is the serving side’s business, and long enough', () => {
    const webhook = (secret: string): Loaded =>
      read(minimal.replace('{ vendor', `{ webhook: { secret: ${secret} }, vendor`))
    const shop = webhook('sixteen-letters-').settings?.environments.get('a')
    expect(shop?.webhookSecrets).toEqual(['sixteen-letters-'])
    expect(shop?.upstream).not.toHaveProperty('webhook')
    expect(lines(webhook('fifteen-letters'))).toEqual([expect.stringContaining('is shorter than 16 characters')])
    expect(JSON.stringify(webhook('fifteen-letters'))).not.toContain('fifteen-letters')
  })

  test('keys become digests, with expiry', () => {
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
    const { settings } = read(`environments:
  a:
    ${upstream}
    keys:
      server: [first-key-1, { key: second-key-2, expires: 2027-01-01, valueless: 404 }]
      client: [{ sha256: ${hash('third')} }]`)
    expect(settings?.environments.get('a')?.keys).toEqual({
      server: [
        { secret: `sha256:${hash('first-key-1')}` },
        { secret: `sha256:${hash('second-key-2')}`, expiresAt: Date.UTC(2027, 0, 1), valueless: '404' },
      ],
      client: [{ secret: `sha256:${hash('third')}` }],
      admin: [],
    })
    expect(JSON.stringify([...(settings?.environments ?? [])])).not.toContain('first-key')
  })

  // Every variable is set, whatever its name, to what a vendor could have issued; those with a default keep it.
  const shaped = new Map([
    ['REDIS_URL', ''],
    ['FLAGSMITH_SERVER_KEY', 'ser.0123456789abcdef'],
    ['LAUNCHDARKLY_SDK_KEY', 'sdk-01234567-89ab-cdef-0123-456789abcdef'],
    ['GROWTHBOOK_CLIENT_KEY', 'sdk-0123456789abcdef'],
    ['GROWTHBOOK_DECRYPTION_KEY', 'AAECAwQFBgcICQoLDA0ODw=='],
    ['UNLEASH_TOKEN', 'default:production.0123456789abcdef'],
  ])
  const set = (name: string): string => shaped.get(name) ?? name.padEnd(44, '-')
  const everyVariable = new Proxy<Record<string, string>>(
    {},
    {
      getOwnPropertyDescriptor: (_, name) => ({ value: set(String(name)), configurable: true }),
      get: (_, name) => set(String(name)),
    },
  )

  test('the demo and every example', async () => {
    const folder = new URL('examples/', import.meta.url)
    const examples = (await readdir(folder)).filter((name) => name.endsWith('.yaml'))
    expect(examples.length).toBeGreaterThan(3)
    for (const file of [new URL('relay.yaml', import.meta.url), ...examples.map((name) => new URL(name, folder))]) {
      const loaded = await loadSettings(fileURLToPath(file), { variables: everyVariable, vendors, now: NOW })
      expect(lines(loaded), file.pathname).toEqual([])
    }
  })

  test('what the README shows', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
    const blocks = [...readme.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => text)
    expect(blocks.length).toBeGreaterThan(0)
    for (const block of blocks) expect(lines(read(block, everyVariable, vendors))).toEqual([])
  })

  test.each(['redis://u:p@h:6380/2', 'rediss://h', 'redis+sentinel://a:1,b:2/main', 'redis+cluster://a:1,b:2'])(
    '%s',
    (url) => {
      expect(read(`${minimal}store: { redis: { url: "${url}" } }`).settings?.store.redis?.url).toBe(url)
    },
  )

  test('anchors and merge keys', () => {
    const { settings } = read(`environments:
  a: &base { ${upstream}, staleAfter: 7s }
  b: { <<: *base, valueless: 404 }`)
    expect(settings?.environments.get('b')).toMatchObject({ staleAfterMs: 7_000, valueless: '404' })
  })
})

describe('refused, all at once, with place and fix', () => {
  test('a file full of slips', () => {
    const loaded = read(`listen: { prot: 80, limits: { body: 12 parsecs, connections: 0 } }
environments:
  bad name: { ${upstream} }
  a:
    upstream: { vendor: flagd, every: 10 }
    keys: { server: [short, { key: long-enough, expires: soon }, { sha256: "00", foo: 1 }, 17], clinet: [] }
  b: { ${upstream}, valueless: omitt }
workers: 0
log: { level: debgu }
`)
    expect(loaded.settings).toBeUndefined()
    expect(lines(loaded)).toEqual([
      '1:11 listen.prot is not a setting; did you mean "port"?',
      '1:31 listen.limits.body must be a size such as 16KiB or 64MiB (a bare number is bytes)',
      '1:49 listen.limits.connections must be at least 1',
      '3:3 environments."bad name" is not a valid name: letters, digits, dots, dashes and underscores, up to 63 of them',
      '5:5 environments.a.upstream needs either `url` or `file`, and not both',
      '5:32 environments.a.upstream.every must lie between 100ms and 1d',
      '6:22 environments.a.keys.server[0] is shorter than 8 characters and could be guessed',
      '6:49 environments.a.keys.server[1].expires must be a date such as 2027-01-31T00:00:00Z',
      '6:68 environments.a.keys.server[2].sha256 must be 64 lower-case hex digits',
      '6:82 environments.a.keys.server[2].foo is not a setting; known: key, expires, valueless, sha256',
      '6:92 environments.a.keys.server[3] must be a key of 8 or more characters, {key, …} or {sha256, …}',
      '6:97 environments.a.keys.clinet is not a setting; did you mean "client"?',
      '7:77 environments.b.valueless must be omit or 404',
      '8:1 workers must be at least 1',
      '9:8 log.level must be one of trace, debug, info, warn, error, fatal, silent',
    ])
  })

  test('broken YAML, with the hint that braces need', () => {
    expect(lines(read('log: { level: ${LEVEL} }')).join()).toContain('in quotes inside braces')
    expect(read('a: 1\na: 2\n').problems[0]).toMatchObject({ line: 2, column: 1, severity: 'error' })
  })

  test.each([
    ['""', ''],
    ['[1]', 'list'],
    ['text', 'string'],
  ])('a file that is %s', (text) => {
    expect(read(text).settings).toBeUndefined()
  })

  test('names that objects cannot be trusted with', () => {
    expect(lines(read(`environments: { __proto__: { ${upstream} } }`)).join()).toContain('environments.__proto__')
    expect(read(`environments: { constructor: { ${upstream} } }`).settings?.environments.has('constructor')).toBe(true)
    expect(lines(read(`${minimal}constructor: 1`))).toEqual([
      '2:1 constructor is not a setting; known: listen, environments, store, streams, track, workers, log, drain',
    ])
  })

  test('an open environment that is not on loopback, unless anonymous', () => {
    const open = (host: string, more = ''): Loaded =>
      read(`listen: { host: "${host}" }\nenvironments: { a: { ${upstream}${more} } }`)
    expect(lines(open('0.0.0.0'))).toEqual([expect.stringContaining('environments.a has no keys')])
    expect(lines(open('::'))).toHaveLength(1)
    expect(lines(open('127.9.9.9.example.test'))).toHaveLength(1)
    for (const host of ['127.0.0.2', '::1', 'localhost']) expect(lines(open(host))).toEqual([])
    expect(lines(open('0.0.0.0', ', anonymous: true'))).toEqual([])
    expect(lines(open('0.0.0.0', ', keys: { server: [12345678-key] }'))).toEqual([])
  })

  test('one key in two places; a key that has expired', () => {
    const loaded = read(`environments:
  a: { ${upstream}, keys: { server: [the-same-key], admin: [{ key: long-gone-key, expires: 2026-11-19 }] } }
  b: { ${upstream}, keys: { client: [the-same-key] } }`)
    expect(loaded.problems.map(({ path, severity }) => [path, severity])).toEqual([
      ['environments.a.keys.admin[0]', 'warning'],
      ['environments.b.keys.client[0]', 'error'],
    ])
  })

  test('what a vendor objects to, beside problems elsewhere', () => {
    const vendor: Vendor = {
      name: 'flagd',
      dialect: 'flagd',
      check: ({ secret }) => (secret === undefined ? [{ path: 'secret', message: 'is needed for this url' }] : []),
      connect: () => {
        throw new Error('not here')
      },
    }
    const text = `environments: { a: { ${upstream} }, b: { upstream: { vendor: flagdd, file: f } } }\nworkers: 0\n`
    expect(lines(read(text, {}, new Map([['flagd', vendor]]))).map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'environments.a.upstream.secret is needed for this url',
      'environments.b.upstream.vendor is no known vendor; did you mean "flagd"?',
      'workers must be at least 1',
    ])
  })

  test.each(['http://h', 'redis://', 'redis://a,b', 'redis+sentinel://a', 'redis+cluster://a/1', 'redis://h/x'])(
    '%s',
    (url) => {
      expect(lines(read(`${minimal}store: { redis: { url: "${url}" } }`)).join()).toContain(
        'store.redis.url must be redis://',
      )
    },
  )

  test('a file that is not there, a folder, bytes that are no text', async () => {
    const tools = { variables: {}, now: NOW }
    expect((await loadSettings('/nowhere/relay.yaml', tools)).problems[0]?.message).toContain('does not exist')
    expect((await loadSettings('/', tools)).problems[0]?.message).toContain('is a folder')
    expect((await loadSettings(process.execPath, tools)).settings).toBeUndefined()
  })
})

describe('the environment', () => {
  const reference = (text: string): string =>
    `environments:\n  a: { upstream: { vendor: flagd, file: f, secret: "${text}" } }\n`
  const secretOf = ({ settings }: Loaded): string | undefined => settings?.environments.get('a')?.upstream.secret

  test('references in values', () => {
    expect(secretOf(read(reference('${TOKEN}'), { TOKEN: 'x ${Y} $& z' }))).toBe('x ${Y} $& z')
    expect(secretOf(read(reference('a-${TOKEN:-none}-b')))).toBe('a-none-b')
    expect(secretOf(read(reference('${TOKEN:-none}'), { TOKEN: '' }))).toBe('none')
    expect(secretOf(read(reference('$${TOKEN}')))).toBe('${TOKEN}')
    expect(secretOf(read(reference('${TOKEN}'), { TOKEN: '12345' }))).toBe('12345')
  })

  test('a missing variable is one problem, with its name and place', () => {
    expect(lines(read(reference('${TOKEN}')))).toEqual([
      '2:44 environments.a.upstream.secret needs the environment variable TOKEN, which is not set: set it, or write ${TOKEN:-default}',
    ])
    expect(lines(read(reference('${constructor}')))).toHaveLength(1)
    expect(lines(read(reference('${TO KEN}')))[0]).toContain('has a ${ that is no reference')
  })

  test('numbers and switches arrive as such; names are never expanded', () => {
    const text = `listen: { port: "\${PORT}" }\nenvironments: { a: { ${upstream}, anonymous: "\${OPEN}" } }\n`
    const { settings } = read(text, { PORT: '9000', OPEN: 'true' })
    expect(settings?.listen.port).toBe(9000)
    expect(settings?.environments.get('a')?.anonymous).toBe(true)
    expect(lines(read(text, { PORT: 'http', OPEN: 'true' }))[0]).toContain('not a string (from PORT)')
    expect(read(`environments: { "\${NAME}": { ${upstream} } }`, { NAME: 'a' }).settings).toBeUndefined()
  })

  test('HALYARD_ variables override the file, which need not mention them', () => {
    const variables = {
      HALYARD_LISTEN_PORT: '9001',
      HALYARD_LISTEN_LIMITS_REQUEST_TIMEOUT: '3s',
      HALYARD_LISTEN_PROXIES: '10.0.0.0/8, ::1',
      HALYARD_STORE_DISK: 'false',
      HALYARD_STORE_REDIS_URL: 'redis://redis:6379',
      HALYARD_LOG_LEVEL: 'debug',
    }
    const { settings, problems } = read(`listen: { port: 80 }\n${minimal}`, variables)
    expect(problems).toEqual([])
    expect(settings).toMatchObject({
      listen: { port: 9001, limits: { requestTimeoutMs: 3_000 }, proxies: ['10.0.0.0/8', '::1'] },
      store: { disk: false, redis: { url: 'redis://redis:6379', keyPrefix: 'halyard:' } },
      log: { level: 'debug' },
    })
    expect(lines(read(minimal, { HALYARD_LISTEN_PORT: 'eighty' }))).toEqual([
      '-:- listen.port must be a number, not a string (from HALYARD_LISTEN_PORT)',
    ])
  })

  test('a mistyped HALYARD_ variable is a warning; what Kubernetes injects and the file uses is not', () => {
    const { settings, problems } = read(reference('${HALYARD_TOKEN}'), {
      HALYARD_TOKEN: 'x',
      HALYARD_LISTN_PORT: '1',
      HALYARD_PORT: 'tcp://10.0.0.1:80',
      HALYARD_PORT_80_TCP_ADDR: '10.0.0.1',
      HALYARD_SERVICE_HOST: '10.0.0.1',
    })
    expect(settings).toBeDefined()
    expect(problems.map(({ message, severity }) => [message, severity])).toEqual([
      ['the environment variable HALYARD_LISTN_PORT names no setting: did you mean HALYARD_LISTEN_PORT?', 'warning'],
    ])
  })
})

test('no problem ever says a value, wherever a secret was pasted', () => {
  const canary = 'cAnArY7secret'
  const place = fc.constantFrom(
    (value: string) => `listen: { host: "${value}", port: "${value}", limits: { body: "${value}" } }\n${minimal}`,
    (value: string) => `listen: "${value}"\n${minimal}`,
    (value: string) => `environments: "${value}"`,
    (value: string) => `environments: { a: "${value}" }`,
    (value: string) => `environments: { a: { upstream: { vendor: "${value}", url: "${value}", file: "${value}" } } }`,
    (value: string) => `environments: { a: { ${upstream}, valueless: "${value}", keys: "${value}" } }`,
    (value: string) => `environments: { a: { ${upstream}, keys: { server: ["${value} ", "${value}", "${value}"] } } }`,
    (value: string) =>
      `environments: { a: { ${upstream}, keys: { server: [{ key: ["${value}"] }, { sha256: "${value}" }] } } }`,
    (value: string) => `store: { disk: ["${value}"], redis: { url: "${value}", keyPrefix: "${value} " } }\n${minimal}`,
    (value: string) => `${minimal}log: { level: "${value}" }\nworkers: "${value}"\n`,
  )
  const way = fc.constantFrom<[string, Record<string, string>]>([canary, {}], ['${SECRET}', { SECRET: canary }])
  fc.assert(
    fc.property(place, way, (at, [value, variables]) => {
      const { problems } = read(at(value), variables, new Map())
      expect(problems.length).toBeGreaterThan(0)
      expect(JSON.stringify(problems)).not.toContain(canary)
    }),
    { seed: 20261120, numRuns: 100 },
  )
})

test('any YAML value gives settings or problems, and never an exception', () => {
  const known = fc.constantFrom('listen', 'environments', 'a', 'upstream', 'keys', 'server', 'store', 'redis', 'cors')
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 1 }),
      fc.dictionary(fc.oneof(known, fc.string()), tie('any')),
      fc.array(tie('any')),
    ),
  })).any
  fc.assert(
    fc.property(value, (input) => {
      const { settings, problems } = read(JSON.stringify(input))
      expect(settings === undefined).toBe(problems.some(({ severity }) => severity === 'error'))
    }),
    { seed: 20261121, numRuns: 500 },
  )
})
