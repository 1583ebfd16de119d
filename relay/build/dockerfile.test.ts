/** The image, built by the Dockerfile's own steps in an empty folder and started as its unprivileged user. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runDockerfile } from './dockerfile.ts'
import type { Image } from './dockerfile.ts'

const root = resolve(import.meta.dirname, '../..')
const into = mkdtempSync(join(tmpdir(), 'halyard-image-'))
const context = join(into, 'context')
const ports = { HALYARD_LISTEN_PORT: '0', HALYARD_LISTEN_MANAGEMENT_PORT: '18081' }
let image: Image

/** What Docker would send: the committed and uncommitted files of the repository, nothing ignored. */
function sendContext(): void {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  for (const file of files.split('\n').filter((name) => name !== '' && existsSync(join(root, name)))) {
    cpSync(join(root, file), join(context, file), { recursive: true })
  }
}

beforeAll(() => {
  chmodSync(into, 0o755)
  sendContext()
  image = runDockerfile(join(root, 'Dockerfile'), context, into, () => undefined)
}, 600_000)

afterAll(() => rmSync(into, { recursive: true, force: true }))

describe('the image', () => {
  it('holds the bundle and nothing beside it, with the licences of what is in it', () => {
    expect(globSync('**/node_modules', { cwd: image.folder })).toEqual([])
    expect(globSync('*', { cwd: image.folder }).sort()).toEqual(['LICENSE', 'config', 'relay'])
    const licences = globSync('relay/*.LEGAL.txt', { cwd: image.folder })
    expect(licences).not.toEqual([])
    const sources = globSync('{relay,config}/**/*.ts', { cwd: image.folder }).filter((file) => !file.endsWith('.d.ts'))
    expect(sources).toEqual([])
    expect(globSync('**/*.test.js', { cwd: image.folder, exclude: ['node_modules'] })).toEqual([])
  })

  it('runs what V8 compiled while it was built', () => {
    // Asked of a copy, since images are run elsewhere than they are built.
    const elsewhere = join(into, 'elsewhere')
    cpSync(image.folder, elsewhere, { recursive: true })
    const env = { PATH: process.env['PATH'] ?? '', NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }
    const flags = image.command.slice(1).filter((word) => word.startsWith('--') && word !== '--config')
    const check = ['relay/main.js', 'check', 'config/relay.yaml']
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, ...check], {
      cwd: elsewhere,
      env,
      encoding: 'utf8',
    })
    const said = stdout + stderr
    expect(said.match(/was accepted/g)?.length ?? 0).toBeGreaterThan(2)
    expect(said).not.toContain('was rejected')
  })

  it('runs as nobody in particular', () => {
    expect(image.user).toBe('65532:65532')
    expect(image.stopSignal).toBe('SIGTERM')
  })

  it('starts, is healthy, answers, writes only its data folder, and ends on its stop signal', async () => {
    const env = {
      PATH: process.env['PATH'] ?? '',
      ...image.env,
      ...ports,
      HALYARD_STORE_DISK: join(image.root, 'data'),
      HALYARD_LISTEN_HOST: '127.0.0.1',
    }
    const { child, banner } = await start(env)
    try {
      const address = /http:\/\/127\.0\.0\.1:(\d+)/.exec(banner)?.[0] ?? ''
      const answer = await fetch(`${address}/environments/shop-flagd/ofrep/v1/evaluate/flags`, {
        method: 'POST',
        body: '{"context":{"targetingKey":"u"}}',
      })
      expect(answer.status).toBe(200)
      const [command = '', ...args] = image.healthcheck
      expect(command).toBe('node')
      const health = ['--url', `http://127.0.0.1:${ports.HALYARD_LISTEN_MANAGEMENT_PORT}`]
      execFileSync(process.execPath, [...args, ...health], { cwd: image.folder, env })
    } finally {
      child.kill('SIGTERM')
    }
    expect(await exitOf(child)).toBe(0)
    expect(globSync('*', { cwd: join(image.root, 'data') }).length).toBeGreaterThan(0)
  }, 60_000)

  it('was built beside an engine package that can be published', async () => {
    const { messages } = await publint({ pkgDir: join(into, 'build/src/dist/relay/engine'), strict: true, pack: false })
    expect(messages.filter(({ type }) => type !== 'suggestion')).toEqual([])
  })

  it('names no registry host and carries no secret', () => {
    const text = readFileSync(join(root, 'Dockerfile'), 'utf8')
    expect(text).not.toMatch(/(ARG|ENV)\s+\S*(SECRET|TOKEN|PASSWORD)/i)
    expect(text).not.toMatch(/^ADD /m)
  })
})

async function start(env: Record<string, string>): Promise<{ child: ChildProcess; banner: string }> {
  const [command = '', ...args] = image.command
  expect(command).toBe('node')
  const [uid, gid] = image.user.split(':').map(Number)
  const asNobody = process.getuid?.() === 0 && uid !== undefined && gid !== undefined ? { uid, gid } : undefined
  const child = spawn(process.execPath, args, { cwd: image.folder, env, ...asNobody })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await new Promise<void>((done, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (/curl/.test(output)) done()
    })
    child.once('exit', () => failed(new Error(`the relay ended: ${output}`)))
  })
  return { child, banner: output }
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => {
    if (child.exitCode !== null) done(child.exitCode)
    else child.once('exit', (code) => done(code))
  })
}
