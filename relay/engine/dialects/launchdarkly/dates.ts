/** Dates in texts. The Node SDK looks at the beginning and leaves the rest to JavaScript, the Go engine reads RFC 3339. */

const BEGINS_AS_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d(:\d\d)?)/

/** As the Node SDK. NaN, which is neither before nor after anything, where JavaScript cannot read it. */
export function nodeDate(text: string): number | undefined {
  return BEGINS_AS_DATE.test(text) ? Date.parse(text) : undefined
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|([-+])(\d\d):(\d\d))$/

/** As the Go engine: strict RFC 3339 with an hour of one or two digits. Nanoseconds are kept as far as a double can. */
export function goDate(text: string): number | undefined {
  const found = RFC_3339.exec(text)
  if (found === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number)
  const [, , , , , , , fraction = '', , sign, offsetHour = '0', offsetMinute = '0'] = found
  const moment = new Date(0)
  moment.setUTCFullYear(year, month - 1, day)
  moment.setUTCHours(hour, minute, second)
  const isReal = moment.getUTCMonth() === month - 1 && moment.getUTCDate() === day
  if (!isReal || hour > 23 || minute > 59 || second > 59) return undefined
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined
  const offset = (sign === '-' ? -1 : 1) * (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000
  return moment.getTime() + Number(`0.${fraction}0`) * 1000 - offset
}
