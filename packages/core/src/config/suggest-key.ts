import { distance } from 'fastest-levenshtein'

/**
 * The known name that `name` probably stands for: the same but for case, else the nearest within two edits (one for
 * names of up to three letters, none for a single one; a swap of neighbours counts as one). `undefined` when none is near.
 */
export function suggestKey(name: string, known: Iterable<string>): string | undefined {
  const lower = name.toLowerCase()
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of known) {
    if (candidate === name) continue
    const other = candidate.toLowerCase()
    if (other === lower) return candidate
    const edits = editDistance(lower, other)
    const length = Math.min(name.length, candidate.length)
    const allowed = length <= 1 ? 0 : length <= 3 ? 1 : 2
    if (edits <= allowed && edits < bestDistance) {
      best = candidate
      bestDistance = edits
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  const plain = distance(a, b)
  return plain === 2 && isSwapOfNeighbours(a, b) ? 1 : plain
}

function isSwapOfNeighbours(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let index = 0
  while (index < a.length && a[index] === b[index]) index += 1
  return (
    a[index] === b[index + 1] &&
    a[index + 1] === b[index] &&
    a.slice(index + 2) === b.slice(index + 2)
  )
}

/** `did you mean "x"?` for the nearest known name, or nothing. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const nearest = suggestKey(name, known)
  return nearest === undefined ? undefined : `Did you mean ${JSON.stringify(nearest)}?`
}
