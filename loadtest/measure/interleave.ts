/**
 * A B C, A B C, …: every contender runs once per round. Running all of A first would charge A with whatever the machine
 * did in that minute. The order turns by one in each round, so that nobody always runs after the same neighbour.
 */
export async function interleave<T extends { readonly name: string }, R>(
  contenders: readonly T[],
  rounds: number,
  run: (contender: T, round: number) => Promise<R>,
): Promise<Map<string, R[]>> {
  const results = new Map<string, R[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < contenders.length; step++) {
      const contender = contenders[(step + round) % contenders.length]
      if (contender !== undefined) results.get(contender.name)?.push(await run(contender, round))
    }
  }
  return results
}
