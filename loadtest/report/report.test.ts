/** Verdicts, tables and the HTML file, from figures small enough to check by hand. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterEach, expect, test } from 'vitest'
import { htmlReport } from './html.ts'
import { verdictsOf } from './judge.ts'
import type { Circumstances, Result } from './result.ts'
import { figure, textTable } from './table.ts'
import { printed } from './text.ts'
import { writeResult } from './write.ts'

const folder = mkdtempSync(join(tmpdir(), 'halyard-report-'))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const circumstances: Circumstances = {
  scenario: 'single',
  options: { seed: 7 },
  date: '2026-01-02T03:04:05.678Z',
  node: 'v26.0.0',
  cpu: 'a processor',
  cores: 2,
  pinning: 'not pinned',
  loadBefore: 0.5,
}
const result: Result = {
  metrics: [
    { name: 'throughput', unit: 'req/s', better: 'more', samples: { relay: [80, 40, 90], nginx: [100, 50, 100] } },
  ],
  goals: [
    { name: 'near nginx', metric: 'throughput', of: 'relay', to: 'nginx', atLeast: 0.75 },
    { name: 'over the moon', metric: 'throughput', of: 'relay', atLeast: 100 },
    { name: 'against someone absent', metric: 'throughput', of: 'relay', to: 'peer', atLeast: 1 },
  ],
  curves: [{ title: 'growth', xTitle: 'flags', yTitle: 'µs', labels: ['100'], series: { relay: [1] } }],
  notes: ['a note'],
  failures: 0,
}

test('goals are judged by the median of the ratios within rounds; absent contenders are left out', () => {
  expect(verdictsOf(result)).toMatchObject([
    { name: 'near nginx', measured: { median: 0.8, low: 0.8, high: 0.9 }, unit: '×', goal: '≥ 0.75', met: true },
    { name: 'over the moon', measured: { median: 80 }, unit: 'req/s', met: false },
  ])
})

test('an upper bound is a bound too', () => {
  const goals = [{ name: 'cheap', metric: 'throughput', of: 'relay', atMost: 79 }]
  expect(verdictsOf({ ...result, goals })).toMatchObject([{ goal: '≤ 79', met: false }])
})

test('the printed report names medians, spreads, ratios and what was missed', () => {
  const text = printed(result, circumstances)
  expect(text).toMatch(/relay +80\.0 +40\.0…90\.0 +62\.5 %/)
  expect(text).toMatch(/nginx +100 +50\.0…100 +50\.0 % +0\.800 × +0\.800…0\.900/)
  expect(text).toMatch(/over the moon .*missed/)
  expect(text).toContain('note: a note')
  expect(text).not.toContain('no measurement')
  expect(printed({ ...result, failures: 2 }, circumstances)).toContain('2 requests failed: this is no measurement')
})

test('columns line up and figures keep three digits', () => {
  expect(textTable(['name', 'n'], [['x', '10']])).toBe('name   n\n────  ──\nx     10')
  expect([0, 0.1234, 1.234, 12.34, 123.4, 98_765.4, Number.NaN].map(figure)).toEqual([
    '0',
    '0.123',
    '1.23',
    '12.3',
    '123',
    '98765',
    '–',
  ])
})

test('the HTML holds the data, no foreign markup, and nothing to load', () => {
  const hostile = { ...result, metrics: [{ ...result.metrics[0], samples: { '</script><b>': [1] } }] } as Result
  const html = htmlReport(hostile, circumstances, 'var s = "</script>"')
  expect(html).not.toContain('</script><b>')
  expect(html.match(/<script/g)).toHaveLength(3)
  expect(html.match(/<\/script>/g)).toHaveLength(3)
  expect(html).not.toMatch(/(src|href)=/)
})

test('the files written hold the figures, and the charts are what the page really asks Chart.js for', () => {
  const [json = '', html = ''] = writeResult(result, circumstances, folder)
  expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
    circumstances,
    verdicts: [{ met: true }, { met: false }],
  })
  const page = readFileSync(html, 'utf8')
  expect(page).toContain('Chart.js v4')
  const data = /id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
  const drawing = page.slice(page.lastIndexOf('<script>') + '<script>'.length, page.lastIndexOf('</script>'))
  const drawn: { data: { labels: string[]; datasets: { type: string }[] } }[] = []
  const element = { append: () => undefined, appendChild: (child: unknown) => child }
  runInNewContext(drawing, {
    document: { getElementById: () => ({ ...element, textContent: data }), createElement: () => ({ ...element }) },
    Chart: function Chart(_: unknown, configuration: (typeof drawn)[number]) {
      drawn.push(configuration)
    },
  })
  expect(drawn.map(({ data }) => [data.labels, data.datasets.map(({ type }) => type)])).toEqual([
    [
      ['relay', 'nginx'],
      ['scatter', 'bar'],
    ],
    [['100'], ['line']],
  ])
})
