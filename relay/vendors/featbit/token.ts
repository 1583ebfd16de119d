/**
 * The token that opens a connection to FeatBit: the environment's secret with the time spliced into it, each digit in the
 * vendor's own letters. Servers refuse it when their clock and ours are more than 30 s apart.
 */

/** The letter of each digit, 0 to 9. */
export const LETTERS = 'QBWSPHDXZU'

/** `now` in ms since the epoch; `random` uniform in [0, 1) decides where the time is spliced in. */
export function connectionToken(secret: string, now: number, random: number): string {
  const bare = secret.replace(/=+$/, '')
  const time = String(Math.floor(now))
  const position = Math.max(Math.floor(random * bare.length), 2)
  const head = `${letters(String(position).padStart(3, '0'))}${letters(String(time.length).padStart(2, '0'))}`
  return `${head}${bare.slice(0, position)}${letters(time)}${bare.slice(position)}`
}

function letters(digits: string): string {
  return digits.replaceAll(/\d/g, (digit) => LETTERS.charAt(Number(digit)))
}
