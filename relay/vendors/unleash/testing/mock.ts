/**
 * An Unleash server for tests, true to the vendor's wire: raw tokens, ETags compared as exact texts, a bare 304,
 * segments only for callers that know them. The vendor's own SDK accepts it as its server, which a test proves.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { httpUpstream } from '../../../upstream/testing/upstreams.ts'
import type { TestUpstream } from '../../../upstream/testing/upstreams.ts'
import { Streaming } from './streaming.ts'

interface Strategy {
  readonly name: string
  readonly constraints?: readonly object[]
  readonly segments?: readonly number[]
}
interface Feature {
  readonly name: string
  readonly project?: string
  readonly strategies?: readonly Strategy[]
}
export interface State {
  readonly features: readonly Feature[]
  readonly segments: readonly { readonly id: number; readonly constraints: readonly object[] }[]
}

/** What a client sent to one of the routes that take reports. */
export interface Report {
  readonly path: string
  readonly body: unknown
}

export class MockUnleash {
  readonly #server: TestUpstream
  readonly #tokens: ReadonlySet<string>
  readonly reports: Report[] = []
  #state: State
  #revision = 1
  /** Answers every request with this status instead, while it is set. */
  failing: number | undefined
  /** Answers the streaming route with this status instead; servers without streaming say 404. */
  streamFailing: number | undefined = 404
  readonly streaming: Streaming = new Streaming()

  private constructor(server: TestUpstream, tokens: ReadonlySet<string>, state: State) {
    this.#server = server
    this.#tokens = tokens
    this.#state = state
  }

  /** Listens on a free port. `tokens`: backend tokens, `<project>:<environment>.<secret>`. */
  static async start(tokens: readonly string[], state: State): Promise<MockUnleash> {
    let mock: MockUnleash | undefined
    const server = await httpUpstream((request, response) => void mock?.answer(request, response))
    mock = new MockUnleash(server, new Set(tokens), state)
    return mock
  }

  /** Without `/api`. */
  get url(): string {
    return this.#server.url
  }

  get requests(): readonly IncomingMessage[] {
    return this.#server.requests
  }

  /** The next revision; `quietly`: streams are not told. */
  publish(state: State, quietly: boolean = false): void {
    this.#revision += 1
    this.streaming.changed(this.#state, state, this.#revision, quietly)
    this.#state = state
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url)
    const text = await bodyOf(request)
    if (this.failing !== undefined) return void response.writeHead(this.failing).end()
    if (pathname === '/edge/validate') return this.#validate(text, response)
    const token = request.headers.authorization
    if (token === undefined || !this.#tokens.has(token)) return json(response, 401, { name: 'AuthenticationRequired' })
    if (request.method === 'GET' && pathname === '/api/client/features') {
      return this.#features(request, token, searchParams, response)
    }
    if (request.method === 'GET' && pathname === '/api/client/streaming') {
      if (this.streamFailing !== undefined) return void response.writeHead(this.streamFailing).end()
      return this.streaming.connect(request, response, this.#state, this.#revision)
    }
    if (request.method === 'POST' && /^\/api\/client\/(?:register|metrics|metrics\/bulk)$/.test(pathname)) {
      this.reports.push({ path: pathname, body: JSON.parse(text) })
      return void response.writeHead(202).end()
    }
    json(response, 404, { name: 'NotFoundError' })
  }

  #features(request: IncomingMessage, token: string, asked: URLSearchParams, response: ServerResponse): void {
    const project = token.slice(0, token.indexOf(':'))
    const environment = token.slice(token.indexOf(':') + 1, token.indexOf('.', token.indexOf(':')))
    const [projects, namePrefix] = [asked.getAll('project'), asked.get('namePrefix') ?? '']
    const wanted = projects.length > 0 ? projects : [project]
    const knowsSegments = atLeast(String(request.headers['unleash-client-spec'] ?? '0'), [4, 2])
    const query = { projects: wanted, namePrefix, environment, inlineSegmentConstraints: !knowsSegments }
    const queryHash = createHash('sha256').update(JSON.stringify(query)).digest('hex').slice(0, 8)
    const etag = `"${queryHash}:${this.#revision}:v1"`
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end()
    const features = this.#state.features
      .filter(
        ({ name, project: of = 'default' }) =>
          (wanted[0] === '*' || wanted.includes(of)) && name.startsWith(namePrefix),
      )
      .map((feature) => (knowsSegments ? feature : this.#inlined(feature)))
    const meta = { revisionId: this.#revision, etag, queryHash }
    const segments = knowsSegments ? { segments: this.#state.segments } : {}
    json(response, 200, { version: 2, features, ...segments, query, meta }, etag)
  }

  #inlined({ strategies = [], ...feature }: Feature): Feature {
    const segments = new Map(this.#state.segments.map((segment) => [segment.id, segment.constraints]))
    const inlined = strategies.map(({ segments: ids = [], constraints = [], ...strategy }): Strategy => {
      return { ...strategy, constraints: [...constraints, ...ids.flatMap((id) => segments.get(id) ?? [])] }
    })
    return { ...feature, strategies: inlined }
  }

  #validate(text: string, response: ServerResponse): void {
    const asked = (JSON.parse(text) as { tokens: readonly string[] }).tokens
    const tokens = asked.flatMap((token) => {
      const [, project, environment] = /^(.*?):(.*?)\./.exec(token) ?? []
      return this.#tokens.has(token) ? [{ token, type: 'client', environment, projects: [project] }] : []
    })
    json(response, 200, { tokens })
  }
}

function json(response: ServerResponse, status: number, body: object, etag?: string): void {
  const named = etag === undefined ? {} : { etag }
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...named }).end(JSON.stringify(body))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function atLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [has = 0, hasMinor = 0] = version.split('.').map(Number)
  return has > major || (has === major && hasMinor >= minor)
}
