/**
 * Two doors, one handler, the same bytes: whatever arrives, in whatever pieces, the door with the express lane must
 * answer as node:http alone does. Requests come from a grammar of what clients send and are then damaged; connections
 * carry several of them, cut into random pieces; a hostile one comes last.
 */
import { connect } from 'node:net'
import { randomFrom } from './random.ts'
import type { Random } from './random.ts'
import { systemTimers } from '../../upstream/clock.ts'
import { HttpDoor } from '../door/http.ts'
import type { HttpReply, HttpRequest, Outlet, OutletListener } from '../http-message.ts'
import { defaultLimits } from '../settings.ts'

export interface DoorFuzzReport {
  readonly seed: number
  readonly requests: number
  readonly connections: number
  /** Requests that the express lane answered itself, and connections it gave to node:http. */
  readonly served: number
  readonly handedOver: number
  /** Sockets still open at the end. */
  readonly leaked: number
  /** The first difference, readable. */
  readonly difference?: string
}

interface Doors {
  readonly plain: number
  readonly express: number
  readonly counts: Map<string, number>
  close(): Promise<void>
}

const AT_ONCE = 16
/** A conversation that has not ended by then is stuck. */
const PATIENCE_MS = 5_000
/** Without a byte for this long, the server waits for more of a request. */
const SILENCE_MS = 80
/** Between the phases of a conversation. */
const BREATH_MS = 15
/** How often a difference must show. */
const TIMES = 4
const GOODBYE = 'GET /bye HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'

export async function fuzzDoors(options: {
  readonly seed: number
  readonly requests: number
  readonly progress?: (done: number) => void
}): Promise<DoorFuzzReport> {
  const random = randomFrom(options.seed)
  const doors = await openDoors()
  let requests = 0
  let connections = 0
  let difference: string | undefined
  while (requests < options.requests && difference === undefined) {
    const cases = Array.from({ length: AT_ONCE }, () => conversation(random))
    const found = await Promise.all(cases.map((sent) => differenceOf(sent, doors)))
    for (const [index, { requests: sent }] of cases.entries()) {
      requests += sent
      connections++
      difference ??= found[index]
    }
    options.progress?.(requests)
  }
  const leaked = await stillOpen()
  await doors.close()
  const { counts } = doors
  return {
    seed: options.seed,
    requests,
    connections,
    served: counts.get('served') ?? 0,
    handedOver: counts.get('handed-over') ?? 0,
    leaked,
    ...(difference === undefined ? undefined : { difference }),
  }
}

/**
 * What the doors answer differently, time after time. Once is not enough: a server that closes with unread bytes in its
 * socket resets the connection, and whether the client got to read the last answer before is up to the machine.
 */
async function differenceOf(sent: Conversation, doors: Doors): Promise<string | undefined> {
  let difference: string | undefined
  for (let time = 0; time < TIMES; time++) {
    const plain = comparable(await exchange(doors.plain, sent.phases))
    const express = comparable(await exchange(doors.express, sent.phases))
    if (agree(plain, express, sent.hostile)) return undefined
    difference = `sent: ${JSON.stringify(sent.phases)}\nnode:http: ${JSON.stringify(plain)}\nexpress:   ${JSON.stringify(express)}`
  }
  return difference
}

async function openDoors(): Promise<Doors> {
  const counts = new Map<string, number>()
  const limits = { ...defaultLimits, bodyBytes: 2_000, headerBytes: 4_000, headerCount: 20, checkIntervalMs: 1_000_000 }
  const parts = {
    listen: { host: '127.0.0.1', port: 0 },
    limits,
    timers: systemTimers,
    handle: echo,
    refused: () => undefined,
  }
  const counted = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
  const [plain, express] = [new HttpDoor(parts), new HttpDoor({ ...parts, express: { counted } })]
  return {
    plain: (await plain.listen()).port,
    express: (await express.listen()).port,
    counts,
    close: async () => {
      await Promise.all([plain.close(100), express.close(100)])
    },
  }
}

/** Says back everything a handler can see; some answers take their time, as catching up with a revision does. */
function echo(request: HttpRequest): HttpReply | Promise<HttpReply> {
  const { method, path, query, body, fault } = request
  const seen = ['host', 'content-type', 'authorization', 'x-api-key', 'if-none-match', 'user-agent'].map(
    (name) => request.header(name) ?? null,
  )
  const text = JSON.stringify({
    method,
    path,
    query,
    seen,
    body: body.toString('latin1'),
    fault: fault ?? null,
    local: request.local,
  })
  const headers = ['Content-Type', 'application/json', 'X-Path', path.slice(0, 40)]
  const reply: HttpReply = path.endsWith('/304')
    ? { status: 304, headers }
    : path.endsWith('/stream') || path.endsWith('/events')
      ? { status: 200, headers, stream: (outlet) => streamed(outlet, text) }
      : { status: 200, headers, body: path.endsWith('/b') ? Buffer.from(text) : text }
  return query === 'wait' ? new Promise((resolve) => void setImmediate(() => resolve(reply))) : reply
}

/** An answer that stays open for a moment: a part at once, the rest later, and the end of the connection. */
function streamed(outlet: Outlet, text: string): OutletListener {
  outlet.write(Buffer.from(text))
  setImmediate(() => {
    outlet.write(Buffer.from('later'))
    outlet.end()
  })
  return { drained: () => undefined, closed: () => undefined }
}

/**
 * Sends each phase after the answers to the one before and gives back all that was answered. The last request asks for the
 * connection to be closed; where a damaged one swallows it, the client closes after a silence, since node:http forgets
 * answers to a client that has closed.
 */
function exchange(port: number, phases: readonly (readonly string[])[]): Promise<string> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    let sending = true
    let phase = 0
    let silence = setTimeout(() => undefined, 0)
    const late = setTimeout(() => {
      answer += '[never ended]'
      socket.destroy()
    }, PATIENCE_MS)
    const send = (piece: number): void => {
      const bytes = phases[phase]?.[piece]
      sending = bytes !== undefined
      if (bytes === undefined) listen()
      else if (!socket.destroyed) socket.write(Buffer.from(bytes, 'latin1'), () => void setImmediate(send, piece + 1))
    }
    const listen = (): void => {
      clearTimeout(silence)
      const isLast = phase >= phases.length - 1
      silence = setTimeout(() => (isLast ? socket.end() : send((phase++, 0))), isLast ? SILENCE_MS : BREATH_MS)
    }
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      if (!sending) listen()
    })
    socket.on('error', () => (answer += '[reset]'))
    socket.on('close', () => {
      clearTimeout(late)
      clearTimeout(silence)
      done(answer)
    })
    send(0)
  })
}

/** Answers without what may differ: the date, and how keeping the connection is spelled. */
function comparable(answer: string): string {
  return answer.replaceAll(/^(?:Date|Keep-Alive|Connection: keep-alive).*\r\n/gm, '').replaceAll('[reset]', '')
}

/**
 * Equal answers; or, after a hostile request, what node:http itself answers one way or the other by where packets end. It
 * reads a whole packet before any handler answers, so a malformed request takes the answers to complete requests of the
 * same packet along; and a head that is both malformed and too large is refused for whichever it sees first. Both doors
 * then end with a refusal, or one with an answer that stays open, behind which nothing is heeded; and no request was read
 * differently.
 */
function agree(plain: string, express: string, hostile: boolean): boolean {
  if (plain === express) return true
  const [ours, theirs] = [answersOf(express), answersOf(plain)]
  const over = [ours.pop(), theirs.pop()].every((last) => last !== undefined && (isRefusal(last) || isOpen(last)))
  const [fewer, more] = ours.length < theirs.length ? [ours, theirs] : [theirs, ours]
  return hostile && over && fewer.every((answer, index) => answer === more[index])
}

/** An answer to something that is no request, after which the connection ends. */
function isRefusal(answer: string): boolean {
  return /^HTTP\/1\.1 4(?:00|31) [^]*\r\nConnection: close\r\n/.test(answer)
}

/** An answer that ends with its connection. */
function isOpen(answer: string): boolean {
  return /^HTTP\/1\.1 200 (?:[^]*\r\n)?Connection: close\r\n\r\n[^]*later$/.test(answer)
}

function answersOf(text: string): string[] {
  return text.split(/(?=HTTP\/1\.1 \d{3} )/)
}

async function stillOpen(): Promise<number> {
  await new Promise((wake) => setTimeout(wake, 50))
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}

/** How many of PATHS, from the beginning, any client may ask for; and of these, how many leave the connection open. */
const CLEAN_PATHS = 12
const LASTING_PATHS = 8
const PATHS = [
  '/ofrep/v1/evaluate/flags',
  '/ofrep/v1/evaluate/flags/a',
  '/x/304',
  '/x/b',
  '/a%2Fb?wait',
  '/?q=1',
  '/v1/document',
  '/v1/track',
  '/v1/stream',
  '/environments/e/v1/stream?context=e30',
  '/v1/document/stream?wait',
  '/ofrep/v1/events',
  '*',
  'http://h/x',
  '/é',
  '/#x',
  '',
]
const METHODS = ['POST', 'POST', 'POST', 'POST', 'POST', 'GET', 'HEAD', 'OPTIONS', 'post', 'PRI', 'CONNECT', 'PUT']
/** How many of HEADERS, from the beginning, any client may send. */
const CLEAN_HEADERS = 7
const HEADERS: readonly ((random: Random) => string)[] = [
  () => 'Content-Type: application/json',
  () => 'content-type:application/json; charset=utf-8',
  () => 'Authorization: Bearer abc',
  () => 'X-API-Key:   spaced key \t ',
  () => 'Connection: keep-alive',
  () => 'If-None-Match: W/"a", "b"',
  () => 'X-Forwarded-For: 10.0.0.1',
  (random) => `Connection: ${random.pick(['close', 'Upgrade', 'keep-alive, x', ''])}`,
  () => 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings',
  (random) => `Transfer-Encoding: ${random.pick(['chunked', 'identity', 'xchunked', 'chunked, chunked'])}`,
  (random) => `Content-Length: ${random.pick(['0', '5', '+5', '05', '5, 5', '5 5', '-1', '99999', '0x5', ''])}`,
  (random) => `Content-Encoding: ${random.pick(['gzip', 'identity', 'br'])}`,
  (random) => `Expect: ${random.pick(['100-continue', '200-ok'])}`,
  () => 'Host: other',
  () => 'User-Agent: fuzz\u00e9',
  () => ' folded: x',
  () => 'X y: z',
  () => 'X-Empty:',
  () => 'no colon',
  () => 'X: a\nY: b',
  () => 'X: a\rb',
  () => 'X: \u0000',
  (random) => `X-Long: ${'x'.repeat(random.below(5_000))}`,
  () => Array.from({ length: 21 }, (_, index) => `X-${index}: y`).join('\r\n'),
]

interface Conversation {
  /** Pieces of bytes; each phase waits for the answers to the one before. */
  readonly phases: readonly (readonly string[])[]
  readonly requests: number
  /** Whether the last request may be malformed. */
  readonly hostile: boolean
}

function conversation(random: Random): Conversation {
  const requests = random.below(5)
  let bytes = ''
  for (let index = 0; index < requests; index++) bytes += cleanRequest(random)
  const hostile = random.chance(0.6)
  const last = hostile ? damaged(anyRequest(random), random) : cleanRequest(random)
  return { phases: [cut(bytes, random), cut(last + GOODBYE, random)], requests: requests + 2, hostile }
}

function bodyOf(random: Random): string {
  return random.pick([
    '',
    '{}',
    '{"context":{"targetingKey":"u"}}',
    'POST / HTTP/1.1\r\n\r\n',
    'x'.repeat(random.below(1_900)),
  ])
}

/** What well-behaved clients send; most of it is the express lane's, some is for node:http. */
function cleanRequest(random: Random): string {
  const path = random.pick(PATHS.slice(0, random.chance(0.2) ? CLEAN_PATHS : LASTING_PATHS))
  const body = bodyOf(random)
  if (random.chance(0.2)) return `GET ${path} HTTP/1.1\r\n${cleanHeaders(['Host: h'], random)}\r\n\r\n`
  if (random.chance(0.05)) {
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n${body === '' ? '' : '0\r\n\r\n'}`
    return `POST ${path} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`
  }
  return `POST ${path} HTTP/1.1\r\n${cleanHeaders(['Host: h', `Content-Length: ${body.length}`], random)}\r\n\r\n${body}`
}

function cleanHeaders(needed: readonly string[], random: Random): string {
  const headers = new Set(needed)
  for (let index = random.below(4); index > 0; index--)
    headers.add(random.pick(HEADERS.slice(0, CLEAN_HEADERS))(random))
  return [...headers].join('\r\n')
}

function anyRequest(random: Random): string {
  const method = random.pick(METHODS)
  const body = random.chance(0.9) ? bodyOf(random) : 'x'.repeat(random.below(4_000))
  const headers = ['Host: h', ...(method === 'POST' || random.chance(0.3) ? [`Content-Length: ${body.length}`] : [])]
  for (let index = random.below(5); index > 0; index--) {
    headers.splice(random.below(headers.length + 1), 0, random.pick(HEADERS)(random))
  }
  const version = random.chance(0.9) ? 'HTTP/1.1' : random.pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/1.2', 'http/1.1', ''])
  const sendsBody = method !== 'GET' && method !== 'HEAD'
  return `${method} ${random.pick(PATHS)} ${version}\r\n${headers.join('\r\n')}\r\n\r\n${sendsBody ? body : ''}`
}

/** A byte changed, removed, doubled or put in, sometimes. */
function damaged(text: string, random: Random): string {
  if (!random.chance(0.4) || text === '') return text
  const at = random.below(text.length)
  const byte = random.pick(['\r', '\n', ' ', '\t', ':', '\u0000', '\u007f', '\u00ff', 'A', '0', '\r\n', '\r\n\r\n'])
  return random.pick([
    () => text.slice(0, at) + byte + text.slice(at),
    () => text.slice(0, at) + byte + text.slice(at + 1),
    () => text.slice(0, at) + text.slice(at + 1 + random.below(4)),
    () => text.slice(0, at),
    () => text.replaceAll('\r\n', '\n'),
  ])()
}

function cut(bytes: string, random: Random): string[] {
  const pieces: string[] = []
  let rest = bytes
  const cuts = random.chance(0.5) ? 0 : random.below(6)
  for (let index = 0; index < cuts && rest.length > 1; index++) {
    const at = 1 + random.below(rest.length - 1)
    pieces.push(rest.slice(0, at))
    rest = rest.slice(at)
  }
  return [...pieces, rest]
}
