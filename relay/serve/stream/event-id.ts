/**
 * Ids of events on streams of evaluated flags and documents: which document, and which answers of it. A relay that still
 * knows the document can say what has changed since; one that has not got it yet can tell that it is behind.
 */
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import type { Point } from './history.ts'

export interface EventId {
  readonly epoch: number
  readonly version: number
  readonly revision: string
  /** Digest of what tells these answers from others of the same document; empty for the document itself. */
  readonly answers: string
}

const FORM = /^(\d{1,15})\.(\d{1,15})\.([\w-]{1,128})(?:\.([\w-]{1,64}))?$/

export function idText({ epoch, version, revision }: Omit<EventId, 'answers'>, answers = ''): string {
  return `${epoch}.${version}.${revision}${answers === '' ? '' : `.${answers}`}`
}

/** Undefined for what is none of ours. */
export function readId(text: string | undefined): EventId | undefined {
  const match = text === undefined ? null : FORM.exec(text.trim())
  if (match === null) return undefined
  const [, epoch = '', version = '', revision = '', answers = ''] = match
  return { epoch: Number(epoch), version: Number(version), revision, answers }
}

/** Whether a client that has seen `id` knows something newer than `point`. */
export function isAhead(id: Omit<EventId, 'answers'>, point: Point): boolean {
  if (id.revision === point.revision) return false
  return id.epoch > point.epoch || (id.epoch === point.epoch && id.version > point.version)
}

/** 96 bits of a text that is equal exactly for equal answers. Lone surrogates all have one UTF-8 form, so not as UTF-8. */
export function answersDigest(text: string): string {
  const input = text.isWellFormed() ? text : Buffer.from(`utf-16${text}`, 'utf16le')
  return hash('sha256', input, 'base64url').slice(0, 16)
}
