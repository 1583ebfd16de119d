/**
 * Document → Plan → Ruleset: the one way in. Everything that can be parsed once is parsed here; nothing of it touches
 * the clock, the network or another document.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Dialect, Tools } from './dialect.ts'
import { isCut, MAX_DEPTH, parseDocument, Spelling } from './json.ts'
import { Linker } from './link.ts'
import type { FlagPlan, Plan } from './plan.ts'
import { DocumentError, FlagError } from './problem.ts'
import type { Problem } from './problem.ts'
import { Ruleset } from './ruleset.ts'
import { finish } from './steps.ts'

export interface CompileInput {
  /** JSON text, its UTF-8 bytes, or the parsed document, which must not be changed afterwards. */
  readonly document: string | Uint8Array | object
  /** What the dialect's options are called and mean is said in its folder. */
  readonly options?: Readonly<Record<string, unknown>>
  /** SHA-256 of the document's bytes in hex, when the caller has it already; else it is computed. */
  readonly sha256?: string
  /** Uniform in [0, 1), for vendors with random rollouts. Default `Math.random`. */
  readonly random?: () => number
}

export interface Compiled {
  readonly ruleset: Ruleset
  readonly problems: readonly Problem[]
}

/** Compiles with the given dialect. Throws DocumentError when nothing of the document can be used. */
export function compileWith(dialect: Dialect, input: CompileInput): Compiled {
  const { document, options = {}, random = Math.random } = input
  const problems: Problem[] = []
  const { json, spelling, text } = parse(document)
  const tools: Tools = {
    spelling,
    warn: (problem) => problems.push({ ...problem, severity: 'warning' }),
    flag: (key, path, definition, build) => quarantining({ key, path, definition, build, spelling }, problems),
  }
  // First of all, as it finds out whether an object is a document at all.
  const digest = input.sha256 ?? bytesToHex(sha256(text()))
  const plan = dialect.lower(dialect.read(json, options, tools), options, tools)
  return { ruleset: finish(rulesetOf(dialect, plan, options, digest, random)), problems }
}

/** A step is one flag. `digest` is the SHA-256 of the document's bytes in hex. */
export function* rulesetOf(
  dialect: Dialect,
  plan: Plan,
  options: Readonly<Record<string, unknown>>,
  digest: string,
  random: () => number,
): Generator<void, Ruleset> {
  const settings = JSON.stringify(options)
  const revision = bytesToHex(sha256(utf8ToBytes(`${dialect.name}\n${settings}\n${digest}`))).slice(0, 32)
  const linker = yield* Linker.of(plan)
  return new Ruleset({ dialect: dialect.name, options: settings, revision, plan, linker, random })
}

function parse(document: string | Uint8Array | object): { json: unknown; spelling: Spelling; text: () => Uint8Array } {
  if (typeof document === 'string') return { ...parseDocument(document), text: () => utf8ToBytes(document) }
  if (document instanceof Uint8Array) return { ...parseDocument(decode(document)), text: () => document }
  return { json: document, spelling: new Spelling(), text: () => utf8ToBytes(printed(document)) }
}

/** The JSON text of a parsed document. Throws DocumentError for circles, too much depth and what JSON does not know. */
function printed(document: object): string {
  let text: string | undefined
  try {
    text = JSON.stringify(document)
  } catch (error) {
    throw new DocumentError('', 'not plain data that JSON can hold', { cause: error })
  }
  if (text === undefined) throw new DocumentError('', 'not plain data that JSON can hold')
  return text
}

/** The text of a document's bytes. Throws DocumentError when they are not UTF-8. */
export function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new DocumentError('', 'not valid UTF-8', { cause: error })
  }
}

/** A flag as its dialect hands it over, and how the document it is from was read. */
export interface FlagToBuild {
  readonly key: string
  readonly path: string
  readonly definition: unknown
  readonly build: () => FlagPlan
  readonly spelling: Spelling
}

/** What `build` gives, or what stands for a flag that it cannot build. */
export function quarantining({ key, path, definition, build, spelling }: FlagToBuild, problems: Problem[]): FlagPlan {
  try {
    if (spelling.cut && isCut(definition)) throw new FlagError('', `nests deeper than ${MAX_DEPTH} levels`)
    return build()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const at = error instanceof FlagError && error.path !== '' ? `${path}.${error.path}` : path
    problems.push({ flag: key, path: at, message, severity: 'error' })
    const errorDetails = `flag ${JSON.stringify(key)} is quarantined: ${at}: ${message}`
    return {
      key,
      definition,
      decide: { kind: 'serve', outcome: { reason: 'ERROR', errorCode: 'PARSE_ERROR', errorDetails } },
    }
  }
}
