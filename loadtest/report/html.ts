/**
 * The report as one HTML file that needs no network: Chart.js and the data are inside. Data goes in as JSON with every
 * `<` escaped, so that no name of a peer can end the script element.
 */
import { summaryOf } from '../measure/statistics.ts'
import type { Circumstances, Metric, Result } from './result.ts'
import { printed } from './text.ts'

/** `library` is the text of Chart.js's UMD bundle. */
export function htmlReport(result: Result, circumstances: Circumstances, library: string): string {
  const charts = [
    ...result.metrics.map(barsOf),
    ...(result.curves ?? []).map((curve) => Object.assign({ kind: 'line' }, curve)),
  ]
  const title = `Load test: ${circumstances.scenario}, ${circumstances.date}`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escaped(title)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
pre { overflow-x: auto; font: 13px/1.4 ui-monospace, monospace; }
.chart { position: relative; height: 20rem; margin: 2rem 0; }
</style>
<h1>${escaped(title)}</h1>
<div id="charts"></div>
<h2>Figures</h2>
<pre>${escaped(printed(result, circumstances))}</pre>
<script>${library.replaceAll(/<\/script/gi, String.raw`<\/script`)}</script>
<script type="application/json" id="data">${JSON.stringify(charts).replaceAll('<', String.raw`\u003c`)}</script>
<script>${DRAW}</script>
</html>
`
}

interface Bars {
  readonly kind: 'bar'
  readonly title: string
  readonly yTitle: string
  readonly labels: readonly string[]
  /** Medians. */
  readonly medians: readonly number[]
  /** Every run, as points over the bars: the spread is seen, not computed. */
  readonly runs: readonly { readonly x: string; readonly y: number }[]
}

function barsOf({ name, unit, better, samples }: Metric): Bars {
  const contenders = Object.entries(samples).filter(([, runs]) => runs.length > 0)
  return {
    kind: 'bar',
    title: `${name} (${better} is better; bars are medians, dots are runs)`,
    yTitle: unit,
    labels: contenders.map(([contender]) => contender),
    medians: contenders.map(([, runs]) => summaryOf(runs).median),
    runs: contenders.flatMap(([x, runs]) => runs.map((y) => ({ x, y }))),
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ESCAPES[character] ?? character)
}

/** Runs in the reader's browser. */
const DRAW = `
const colours = ['#2f6fdf', '#e07b39', '#3a9d5d', '#a855c7', '#c2413b', '#7a7a7a']
for (const chart of JSON.parse(document.getElementById('data').textContent)) {
  const box = document.createElement('div')
  box.className = 'chart'
  const canvas = box.appendChild(document.createElement('canvas'))
  document.getElementById('charts').append(box)
  const bars = chart.kind === 'bar'
  const datasets = bars
    ? [
        { type: 'scatter', label: 'runs', data: chart.runs, backgroundColor: '#222' },
        { type: 'bar', label: 'median', data: chart.medians, backgroundColor: colours, maxBarThickness: 90 },
      ]
    : Object.entries(chart.series).map(([label, data], index) => ({
        type: 'line', label, data, borderColor: colours[index % colours.length], backgroundColor: colours[index % colours.length],
      }))
  new Chart(canvas, {
    data: { labels: chart.labels, datasets },
    options: {
      animation: false,
      maintainAspectRatio: false,
      plugins: { title: { display: true, text: chart.title }, legend: { display: !bars } },
      scales: {
        x: { type: 'category', title: { display: !bars, text: chart.xTitle } },
        y: { beginAtZero: true, title: { display: true, text: chart.yTitle } },
      },
    },
  })
}
`
