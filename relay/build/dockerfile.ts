/**
 * Runs a Dockerfile without Docker: each stage becomes a folder, COPY and RUN do what they say in it. Knows exactly the
 * instructions our Dockerfile uses and refuses any other, so that the test below cannot pass by skipping a step.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, normalize } from 'node:path'

export interface Image {
  /** The stage's file system root on this machine. */
  readonly root: string
  /** Working directory on this machine. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly user: string
  /** ENTRYPOINT and CMD together. */
  readonly command: readonly string[]
  readonly healthcheck: readonly string[]
  readonly stopSignal: string
}

interface Stage {
  readonly root: string
  workdir: string
  readonly env: Record<string, string>
  user: string
  entrypoint: string[]
  cmd: string[]
  healthcheck: string[]
  stopSignal: string
}

/** Builds the last stage below `into`, from the context folder `context`. Throws what a failing step throws. */
export function runDockerfile(file: string, context: string, into: string, progress: (step: string) => void): Image {
  const stages = new Map<string, Stage>()
  let stage: Stage | undefined
  for (const instruction of instructionsOf(readFileSync(file, 'utf8'))) {
    progress(instruction)
    const [name, rest] = split(instruction)
    if (name === 'FROM') {
      const [, alias = String(stages.size)] = rest.split(/\s+AS\s+/)
      stage = open(join(into, alias))
      stages.set(alias, stage)
    } else if (stage === undefined) {
      throw new Error(`${name} before FROM`)
    } else {
      apply(stage, name, rest, context, stages)
    }
  }
  if (stage === undefined) throw new Error('no stage')
  const { root, workdir, env, user, entrypoint, cmd, healthcheck, stopSignal } = stage
  return { root, folder: join(root, workdir), env, user, command: [...entrypoint, ...cmd], healthcheck, stopSignal }
}

function open(root: string): Stage {
  mkdirSync(root, { recursive: true })
  return { root, workdir: '/', env: {}, user: '0', entrypoint: [], cmd: [], healthcheck: [], stopSignal: 'SIGTERM' }
}

function apply(stage: Stage, name: string, rest: string, context: string, stages: ReadonlyMap<string, Stage>): void {
  switch (name) {
    case 'WORKDIR':
      stage.workdir = rest
      mkdirSync(join(stage.root, rest), { recursive: true })
      return
    case 'COPY':
      return copy(stage, rest, context, stages)
    case 'RUN':
      // Absolute paths mean the image's own file system, which here lies below the stage's folder.
      execFileSync('bash', ['-ec', rest.replaceAll(/(?<=\s)\/(?=\w)/g, `${stage.root}/`)], {
        cwd: join(stage.root, stage.workdir),
        stdio: ['ignore', 'inherit', 'inherit'],
      })
      return
    case 'ENV':
      for (const pair of rest.split(/\s+/))
        stage.env[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1)
      return
    case 'USER':
      stage.user = rest
      return
    case 'STOPSIGNAL':
      stage.stopSignal = rest
      return
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(rest) as string[]
      return
    case 'CMD':
      stage.cmd = JSON.parse(rest) as string[]
      return
    case 'HEALTHCHECK':
      stage.healthcheck = JSON.parse(rest.slice(rest.indexOf('CMD') + 3)) as string[]
      return
    case 'VOLUME':
    case 'EXPOSE':
      return
    default:
      throw new Error(`this runner does not know ${name}`)
  }
}

function copy(stage: Stage, rest: string, context: string, stages: ReadonlyMap<string, Stage>): void {
  const words = rest.split(/\s+/)
  const from =
    words[0]?.startsWith('--from=') === true ? stages.get(words.shift()?.slice('--from='.length) ?? '') : undefined
  const target = words.pop() ?? ''
  const to = join(stage.root, target.startsWith('/') ? target : join(stage.workdir, target))
  for (const word of words) {
    const source = normalize(join(from?.root ?? context, word))
    if (!existsSync(source)) throw new Error(`COPY ${word}: no such file`)
    const into = !statSync(source).isDirectory() && target.endsWith('/') ? join(to, basename(word)) : to
    cpSync(source, into, { recursive: true, verbatimSymlinks: true })
  }
}

function instructionsOf(text: string): string[] {
  const joined = text.replaceAll(/\\\n/g, ' ')
  return joined.split('\n').flatMap((line) => (line.trim() === '' || line.startsWith('#') ? [] : [line.trim()]))
}

function split(instruction: string): [string, string] {
  const at = instruction.indexOf(' ')
  return [instruction.slice(0, at), instruction.slice(at + 1).trim()]
}
