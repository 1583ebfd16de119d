/**
 * Finds the route of a path. Pure look-ups: an exact path, or a fixed beginning followed by a free rest.
 *
 * Route templates, not paths, name routes in metrics and in the manifest that tests scan, so a stranger who asks for a
 * hundred thousand paths makes no series and finds no door that is not listed here.
 */

/** `template` is a path, or a path that ends in `/{name}` for a rest of at least one character, slashes included. */
export interface RoutePattern {
  readonly method: 'GET' | 'POST'
  readonly template: string
}

export type Match<Route> =
  | { readonly kind: 'route'; readonly route: Route; readonly rest: string }
  /** The path exists, for the methods listed in `allow`. */
  | { readonly kind: 'method'; readonly allow: string; readonly template: string }
  | { readonly kind: 'none' }

interface Entry<Route> {
  readonly template: string
  readonly byMethod: Map<string, Route>
}

const NONE = { kind: 'none' } as const
const REST = /\/\{[^/}]+\}$/

export class Router<Route extends RoutePattern> {
  readonly #exact = new Map<string, Entry<Route>>()
  readonly #beginnings: { readonly beginning: string; readonly entry: Entry<Route> }[] = []

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const entry = this.#entryFor(route.template)
      if (entry.byMethod.has(route.method)) throw new Error(`${route.method} ${route.template} is routed twice`)
      entry.byMethod.set(route.method, route)
    }
  }

  /** `path` undecoded. One slash at its end is ignored unless a free rest claims it. HEAD is served by GET. */
  match(method: string, path: string): Match<Route> {
    const exact = this.#exact.get(path)
    if (exact !== undefined) return chosen(exact, method, '')
    for (const { beginning, entry } of this.#beginnings) {
      if (path.length > beginning.length && path.startsWith(beginning)) {
        return chosen(entry, method, path.slice(beginning.length))
      }
    }
    const trimmed = path.length > 1 && path.endsWith('/') ? this.#exact.get(path.slice(0, -1)) : undefined
    return trimmed === undefined ? NONE : chosen(trimmed, method, '')
  }

  #entryFor(template: string): Entry<Route> {
    const beginning = REST.test(template) ? template.replace(REST, '/') : undefined
    if (beginning === undefined) {
      const entry = this.#exact.get(template) ?? { template, byMethod: new Map<string, Route>() }
      this.#exact.set(template, entry)
      return entry
    }
    const known = this.#beginnings.find((one) => one.beginning === beginning)
    if (known !== undefined) return known.entry
    const entry = { template, byMethod: new Map<string, Route>() }
    this.#beginnings.push({ beginning, entry })
    this.#beginnings.sort((a, b) => b.beginning.length - a.beginning.length)
    return entry
  }
}

function chosen<Route>(entry: Entry<Route>, method: string, rest: string): Match<Route> {
  const route = entry.byMethod.get(method === 'HEAD' ? 'GET' : method)
  if (route !== undefined) return { kind: 'route', route, rest }
  const methods = [...entry.byMethod.keys()]
  const allow = (methods.includes('GET') ? [...methods, 'HEAD'] : methods).sort().join(', ')
  return { kind: 'method', allow, template: entry.template }
}
