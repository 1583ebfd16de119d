/**
 * What V8 made of the bundle, kept beside it: a relay is started once where its image is built, so that no start of the
 * image compiles it again. V8 refuses what another version of it made; a relay then starts slower and says nothing.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'

/** Where relay/main.ts looks for it, beside itself. */
const FOLDER = 'compiled'
const LONGEST_MS = 60_000

/** Starts the relay of `image` with documents of every kind it will meet, ends it, and leaves what was compiled there. */
export async function warm(image: string): Promise<void> {
  const compiled = join(image, 'relay', FOLDER)
  mkdirSync(compiled)
  const folder = mkdtempSync(join(tmpdir(), 'halyard-warm-'))
  try {
    const configuration = join(folder, 'relay.yaml')
    writeFileSync(configuration, JSON.stringify(configurationOf(image, folder)))
    await startAndEnd(join(image, 'relay/main.js'), configuration)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  if (readdirSync(compiled, { recursive: true }).length < 10) throw new Error(`nothing was compiled into ${compiled}`)
}

interface Demo {
  readonly environments: Readonly<
    Record<string, { readonly upstream: { readonly vendor: string; readonly file: string } }>
  >
}

/** The demo's environments, and its last one a second time over HTTP. */
function configurationOf(image: string, folder: string): object {
  const { environments } = parse(readFileSync(join(image, 'config/relay.yaml'), 'utf8')) as Demo
  const demo = Object.values(environments).map(({ upstream }) => upstream)
  const upstreams = [
    ...demo.map(({ vendor, file }) => ({ vendor, file: join(image, 'config', file) })),
    // Nobody listens there: what asks an upstream is loaded, and nothing leaves this machine.
    { vendor: demo.at(-1)?.vendor, url: 'http://127.0.0.1:1/flags.json' },
  ]
  return {
    listen: { host: '127.0.0.1', port: 0, management: { port: 0 } },
    environments: Object.fromEntries(upstreams.map((upstream, index) => [String(index), { upstream }])),
    store: { disk: join(folder, 'store') },
    drain: { window: '0s', grace: '0s' },
    log: { level: 'fatal' },
  }
}

/** Resolves once it served and ended well: V8's work is written at the end of a process. */
function startAndEnd(main: string, configuration: string): Promise<void> {
  const child = spawn(process.execPath, [main, 'serve', '--config', configuration], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  })
  let said = ''
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString()
    const [, url] = /curl -s (\S+) /.exec(said) ?? []
    if (url !== undefined) void ask(url).finally(() => child.kill('SIGTERM'))
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`the relay that warms the image ended with ${code ?? signal}: ${said}`))
    })
  })
}

async function ask(url: string): Promise<void> {
  const headers = { 'Content-Type': 'application/json', 'X-Halyard-Environment': '0' }
  await fetch(url, { method: 'POST', headers, body: '{"context":{"targetingKey":"somebody"}}' })
}
