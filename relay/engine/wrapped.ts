/**
 * Finding the document that a request to compile is really about: wrappers hold another dialect's document. An envelope in
 * an envelope is refused: relays never make one, and whoever sends thousands of them wants the stack.
 */
import type { CompileInput } from './compile.ts'
import type { StepsInput } from './compile-in-steps.ts'
import type { Dialect } from './dialect.ts'
import { dialects, wrappers } from './dialects/index.ts'
import { wrap } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import { partOf } from './outline.ts'
import { DocumentError } from './problem.ts'

type Named<Input> = Input & { readonly dialect: string }

interface Work<Input> {
  readonly dialect: Dialect
  readonly input: Input
}

export function innermost(request: Named<CompileInput>): Work<CompileInput> {
  const wrapper = wrappers.get(request.dialect)
  if (wrapper === undefined) return { dialect: known(request.dialect, ''), input: request }
  const wrapped = wrapper.unwrap(request.document)
  return { dialect: known(wrapped.dialect, 'dialect'), input: { ...request, ...wrapped } }
}

/** Without an outline where the surveyed text cannot be compiled in steps. */
export function innermostInSteps(request: Named<StepsInput>): Work<StepsInput | CompileInput> {
  if (!wrappers.has(request.dialect)) return { dialect: known(request.dialect, ''), input: request }
  const { outline: whole, ...rest } = request
  const { dialect, input } = innermost(rest)
  const { document } = input
  if (!(document instanceof Uint8Array)) return { dialect, input }
  const start = document.byteOffset - request.document.byteOffset
  const outline = partOf(whole, start, start + document.byteLength)
  return outline === undefined
    ? { dialect, input }
    : { dialect, input: { ...request, ...input, document: request.document, outline } }
}

/** As `wrap`, but what is wrapped already gets a new envelope instead of a second one. */
export function rewrap(envelope: Envelope): Uint8Array<ArrayBuffer> {
  const wrapper = wrappers.get(envelope.dialect)
  if (wrapper === undefined) return wrap(envelope)
  const { dialect, options, sha256, document } = wrapper.unwrap(envelope.document)
  if (!(document instanceof Uint8Array)) throw new DocumentError('document', 'must be bytes')
  return wrap({ ...envelope, dialect, options, sha256, document })
}

function known(name: string, path: string): Dialect {
  const dialect = dialects.get(name)
  if (dialect !== undefined) return dialect
  if (wrappers.has(name)) throw new DocumentError(path, 'an envelope in an envelope')
  const names = [...dialects.keys(), ...(path === '' ? wrappers.keys() : [])]
  throw new DocumentError(path, `unknown dialect ${JSON.stringify(name)}; known: ${names.join(', ')}`)
}
