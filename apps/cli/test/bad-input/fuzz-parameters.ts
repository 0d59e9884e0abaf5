/** How many cases a property is given, and from which seed they are made. */
export interface FuzzParameters {
  readonly seed: number
  readonly numRuns: number
}

const defaultSeed = 20_260_202

/**
 * The parameters of a property that is run `numRuns` times, printed so that a failure can be repeated. Without
 * `MILLRACE_FUZZ_SEED` every run makes the same cases; `MILLRACE_FUZZ_FACTOR` makes that many times as many.
 */
export function fuzzParameters(title: string, numRuns: number): FuzzParameters {
  const seed = Number(process.env['MILLRACE_FUZZ_SEED'] ?? defaultSeed)
  const factor = Number(process.env['MILLRACE_FUZZ_FACTOR'] ?? 1)
  const runs = Math.ceil(numRuns * factor)
  console.info(`${title}: ${runs} cases; repeat them with MILLRACE_FUZZ_SEED=${seed}`)
  return { seed, numRuns: runs }
}
