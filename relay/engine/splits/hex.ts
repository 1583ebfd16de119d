/** Splits: digest words to lower-case hexadecimal text, for the digests that are shown or compared as text. */

/** Each word as eight digits; `little` turns the bytes of every word round first (MD5 prints its words that way). */
export function wordsToHex(words: Int32Array, order: 'little' | 'big'): string {
  let text = ''
  for (const word of words) {
    const unsigned = order === 'little' ? swapBytes(word) : word >>> 0
    text += unsigned.toString(16).padStart(8, '0')
  }
  return text
}

/** The 32-bit word with its four bytes in opposite order, unsigned. */
export function swapBytes(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}
