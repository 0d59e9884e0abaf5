import { distance } from 'fastest-levenshtein'

/**
 * The candidate that was probably meant by `name`: equal but for case, else at most a third of its letters (and at
 * least one) away. `undefined` when nothing is near.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.max(1, Math.ceil(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const found = distance(wanted, candidate.toLowerCase())
    if (found < bestDistance) {
      best = candidate
      bestDistance = found
    }
  }
  return best
}
