/** Reads single figures out of the text that /metrics serves. */

/** All samples of a metric added up, whatever their labels; undefined when there is none. */
export function metricSum(text: string, name: string, label?: string): number | undefined {
  let sum: number | undefined
  for (const line of text.split('\n')) {
    if (!line.startsWith(name)) continue
    const rest = line.slice(name.length)
    if (!rest.startsWith('{') && !rest.startsWith(' ')) continue
    if (label !== undefined && !rest.slice(0, rest.lastIndexOf('}')).includes(label)) continue
    sum = (sum ?? 0) + Number(rest.slice(rest.lastIndexOf(' ') + 1))
  }
  return sum
}
