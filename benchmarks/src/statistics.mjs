/**
 * @param {readonly number[]} values at least one
 * @returns {number} the middle one, or the mean of the middle two
 */
export function median(values) {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * The median of the ratios of what ran next to each other, so that a slow minute of the machine counts on both sides.
 *
 * @param {readonly number[]} values
 * @param {readonly number[]} others as many
 */
export function medianRatio(values, others) {
  return median(values.map((value, index) => value / (others[index] ?? Number.NaN)))
}
