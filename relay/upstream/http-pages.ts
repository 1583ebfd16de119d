/**
 * A document that a server hands out in pages. All of them are read in one attempt and bounded together, because the
 * first page alone looks whole: serving it would silently drop what stands on the others.
 */
import type { ExchangeAnswer, Pages } from './http-exchange.ts'
import { UpstreamError } from './upstream-error.ts'

type Page = Extract<ExchangeAnswer, { kind: 'document' }>

const MOST_PAGES = 10_000

/**
 * Follows the pages after the first; only to the origin of `url`, so that credentials stay where they belong. The
 * answer has no validators when there were several pages: a 304 for the first says nothing about the others.
 */
export async function gatherPages(
  first: Page,
  url: string,
  pages: Pages,
  maxBytes: number,
  ask: (url: string) => Promise<ExchangeAnswer>,
): Promise<Page> {
  const bodies = [first.bytes]
  const seen = new Set([url])
  let total = first.bytes.length
  let address = url
  let { link } = first
  while (link !== undefined) {
    const next = pages.next(link, new URL(address))
    if (next === undefined) break
    if (URL.parse(next)?.origin !== new URL(url).origin) {
      throw new UpstreamError('protocol', `${first.url} continues on another host, which is not followed`)
    }
    if (seen.has(next) || seen.size >= MOST_PAGES) {
      throw new UpstreamError('protocol', `${first.url} has pages without an end`)
    }
    seen.add(next)
    const page = await ask(next)
    if (page.kind !== 'document') throw new UpstreamError('body', `${first.url} has a page without a body`)
    total += page.bytes.length
    if (total > maxBytes) throw new UpstreamError('too-large', `the pages of ${first.url} exceed ${maxBytes} bytes`)
    bodies.push(page.bytes)
    address = next
    ;({ link } = page)
  }
  if (bodies.length === 1) return first
  return { ...first, bytes: pages.join(bodies), validators: { url: first.validators.url } }
}
