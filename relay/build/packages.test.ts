/** The packages as npm would publish them, packed, judged by the usual tools, and used from an empty folder. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, join, resolve } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const into = mkdtempSync(join(tmpdir(), 'halyard-packages-'))
const dist = join(into, 'dist')
const PACKAGES = {
  engine: 'relay/engine',
  'openfeature-server': 'packages/openfeature-server',
  'openfeature-web': 'packages/openfeature-web',
} as const
type Name = keyof typeof PACKAGES
const names = Object.keys(PACKAGES) as Name[]
const tarballs = new Map<Name, { readonly file: string; readonly files: readonly string[] }>()

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'relay/build/build.ts'), dist], { stdio: ['ignore', 'ignore', 'inherit'] })
  for (const name of names) {
    const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', into], {
      cwd: join(dist, PACKAGES[name]),
      encoding: 'utf8',
    })
    const [packed] = Object.values(JSON.parse(output) as Record<string, Packed>)
    if (packed === undefined) throw new Error(`npm pack said ${output}`)
    const file = join(into, basename(packed.filename))
    tarballs.set(name, { file, files: packed.files.map(({ path }) => path).sort() })
  }
}, 300_000)

afterAll(() => rmSync(into, { recursive: true, force: true }))

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

function packed(name: Name): { readonly file: string; readonly files: readonly string[] } {
  const tarball = tarballs.get(name)
  if (tarball === undefined) throw new Error(`${name} was not packed`)
  return tarball
}

/** What must be in a provider's package: what its sources are, and nothing else. */
function expectedOf(folder: string, shared: readonly string[]): string[] {
  const modules = globSync('*.ts', { cwd: join(root, 'providers', folder), exclude: ['*.test.ts'] })
  const compiled = [...modules.map((file) => `${folder}/${file}`), ...shared.map((name) => `shared/${name}.ts`)]
  const outputs = compiled.flatMap((file) => ['.js', '.d.ts'].map((extension) => file.replace(/\.ts$/, extension)))
  return ['LICENSE', 'README.md', 'package.json', ...outputs].sort()
}

describe.each(names)('%s', (name) => {
  it('pleases publint', async () => {
    const { messages } = await publint({ pkgDir: join(dist, PACKAGES[name]), strict: true, pack: false })
    expect(messages.filter(({ type }) => type !== 'suggestion')).toEqual([])
  })

  it('has types that are right for every resolution that ES modules have', async () => {
    const result = await checkPackage(createPackageFromTarballData(readFileSync(packed(name).file)))
    if (result.types === false) throw new Error('no types')
    const problems = result.problems.filter((problem) => {
      const { resolutionKind } = problem as { resolutionKind?: string }
      // They are ES modules only, and TypeScript's oldest resolution does not know subpaths.
      return resolutionKind !== 'node10' && problem.kind !== 'CJSResolvesToESM'
    })
    expect(problems).toEqual([])
    expect(Object.keys(result.entrypoints).length).toBeGreaterThan(name === 'openfeature-server' ? 3 : 0)
  })
})

describe('contents', () => {
  it('openfeature-server', () => {
    expect(packed('openfeature-server').files).toEqual(expectedOf('server', ['backoff', 'event-stream', 'ofrep']))
  })

  it('openfeature-web', () => {
    const { files } = packed('openfeature-web')
    const shared = files.flatMap((file) => /^shared\/(.*)\.js$/.exec(file)?.[1] ?? [])
    expect(shared.length).toBeGreaterThan(0)
    expect(files).toEqual(expectedOf('web', shared))
  })

  it('engine: compiled modules with their types, no tests, no sources', () => {
    const { files } = packed('engine')
    const modules = files.filter((file) => file.endsWith('.js')).map((file) => file.slice(0, -3))
    const expected = modules.flatMap((module) => [`${module}.js`, `${module}.d.ts`])
    expect(files).toEqual(['LICENSE', 'README.md', 'package.json', ...expected].sort())
    expect(modules.length).toBeGreaterThan(100)
    expect(modules.filter((module) => /\.test$|(^|\/)testing\//.test(module))).toEqual([])
  })

  it('names only what it needs: the engine as a dependency, the SDK as a peer', () => {
    const manifest = (name: Name): Record<string, unknown> =>
      JSON.parse(readFileSync(join(dist, PACKAGES[name], 'package.json'), 'utf8')) as Record<string, unknown>
    expect(Object.keys(manifest('openfeature-server')['dependencies'] as object)).toEqual(['@halyard/engine'])
    expect(Object.keys(manifest('openfeature-server')['peerDependencies'] as object)).toEqual([
      '@openfeature/server-sdk',
    ])
    expect(manifest('openfeature-web')['dependencies']).toBeUndefined()
    expect(Object.keys(manifest('openfeature-web')['peerDependencies'] as object)).toEqual(['@openfeature/web-sdk'])
  })
})

describe('an application in an empty folder', () => {
  const folder = join(into, 'application')

  beforeAll(() => {
    for (const name of names) {
      const to = join(folder, 'node_modules/@halyard', name)
      mkdirSync(to, { recursive: true })
      execFileSync('tar', ['-xzf', packed(name).file, '-C', to, '--strip-components=1'])
    }
    for (const name of ['@openfeature/server-sdk', '@openfeature/core', '@noble/hashes']) {
      cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true })
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'main.js'), APPLICATION)
  })

  it.each(runtimes())('evaluates with %s, in process and without a relay', (_, program) => {
    rmSync(join(folder, 'snapshot'), { recursive: true, force: true })
    const output = execFileSync(program, ['main.js'], { cwd: folder, env: {}, encoding: 'utf8', timeout: 20_000 })
    expect(JSON.parse(output)).toEqual({
      value: 'Hello',
      changed: ['greeting'],
      direct: true,
      saved: true,
      hook: 'feature_flag.evaluation',
    })
  })
})

/** The pinned Node, and the machine's own Node and Bun where it has them. */
function runtimes(): [string, string][] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((path) => !path.includes('node_modules'))
  const own = ['node', 'bun'].flatMap((name) => {
    const program = folders.map((path) => join(path, name)).find((path) => existsSync(path))
    return program === undefined ? [] : [program]
  })
  return [process.execPath, ...own].map((program) => {
    const version = execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
    return [`${basename(program)} ${version}`, program]
  })
}

const APPLICATION = `
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk'
import { HalyardProvider } from '@halyard/openfeature-server'
import { HalyardClient } from '@halyard/openfeature-server/client'
import { diskStore } from '@halyard/openfeature-server/disk'
import { evaluationEvents } from '@halyard/openfeature-server/opentelemetry'
import { wrap } from '@halyard/engine'

const document = (variant, version) => {
  const variants = { hello: 'Hello', hi: 'Hi' }
  const flags = { greeting: { state: 'ENABLED', variants, defaultVariant: variant } }
  const bytes = new TextEncoder().encode(JSON.stringify({ flags }))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return wrap({ dialect: 'flagd', options: {}, revision: variant, sha256, epoch: 1, version, receivedAt: 1, document: bytes })
}
const relay = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = (bytes, id) => response.write('id: ' + id + '\\nevent: document\\ndata: ' + Buffer.from(bytes) + '\\n\\n')
  send(document('hello', 1), 1)
  setTimeout(() => send(document('hi', 2), 2), 100)
})
await new Promise((done) => relay.listen(0, '127.0.0.1', done))
const records = []
const store = diskStore('snapshot/flags.json')
const provider = new HalyardProvider({
  url: 'http://127.0.0.1:' + relay.address().port,
  store,
  hooks: [evaluationEvents({ emit: (record) => records.push(record) })],
})
await OpenFeature.setProviderAndWait(provider)
const value = await OpenFeature.getClient().getStringValue('greeting', '')
const changed = await new Promise((done) =>
  OpenFeature.addHandler(ProviderEvents.ConfigurationChanged, ({ flagsChanged }) => done(flagsChanged)),
)
await OpenFeature.close()
relay.close()
const client = new HalyardClient({ url: 'http://127.0.0.1:1', bootstrap: await store.load() })
await client.start()
const direct = client.evaluate('greeting').value === 'Hi'
await client.close()
console.log(JSON.stringify({ value, changed, direct, saved: true, hook: records[0].eventName }))
`
