/** Which compression an answer gets, by the client's Accept-Encoding. */
import type { Encoding } from './published.ts'

/** The better of those that are accepted; undefined when neither is. */
export function preferred(acceptEncoding: string | undefined): Encoding | undefined {
  const qualities = new Map<string, number>()
  for (const part of (acceptEncoding ?? '').split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const given = parameters.find((parameter) => parameter.startsWith('q='))
    if (name !== '') qualities.set(name, given === undefined ? 1 : Number(given.slice(2)) || 0)
  }
  const quality = (name: Encoding): number => qualities.get(name) ?? qualities.get('*') ?? 0
  if (quality('br') === 0 && quality('gzip') === 0) return undefined
  return quality('br') >= quality('gzip') ? 'br' : 'gzip'
}
