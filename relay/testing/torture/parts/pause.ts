/** Waiting, in one place: for a time, or until something holds. */

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}

/** Asks again and again until it holds; the milliseconds it took, or NaN when it did not within `most`. */
export async function until(holds: () => boolean | Promise<boolean>, most: number, every = 20): Promise<number> {
  const began = performance.now()
  for (;;) {
    if (await holds()) return performance.now() - began
    if (performance.now() - began > most) return Number.NaN
    await pause(every)
  }
}
