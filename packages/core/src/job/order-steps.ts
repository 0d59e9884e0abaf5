import type { ConfigPath } from '../config/config-path.ts'
import type { ProblemList } from '../config/problem-list.ts'
import { didYouMean } from '../config/suggest-key.ts'

/** What the order of steps needs to know of a step. */
export interface OrderedStep {
  readonly name: string
  readonly category: 'reader' | 'writer' | 'processor'
  /** Steps that do nothing may stand anywhere in the order, or nowhere. */
  readonly isEmpty: boolean
  readonly path: ConfigPath
}

/** One edge of the order. */
export interface Hop {
  readonly from: string
  readonly to: string
  readonly path: ConfigPath
}

/**
 * The processors of a job in the order in which rows pass them: along the hops from reader to writer, or in the order
 * of the file when there are none. Unknown names, cycles, forks and steps on no way are reported.
 */
export function orderProcessors<S extends OrderedStep>(
  steps: readonly S[],
  hops: readonly Hop[],
  problems: ProblemList,
): readonly S[] {
  const processors = steps.filter((step) => step.category === 'processor' && !step.isEmpty)
  if (hops.length === 0) return processors
  const byName = new Map(steps.map((step) => [step.name, step]))
  if (!namesAreKnown(steps, byName, hops, problems)) return processors
  const next = nextSteps(hops, problems)
  const reader = steps.find((step) => step.category === 'reader')
  if (next === undefined || reader === undefined) return processors
  const passed = new Set<S>()
  let current: S | undefined = reader
  let last: Hop | undefined
  while (current !== undefined && !passed.has(current)) {
    passed.add(current)
    last = next.get(current.name) ?? last
    const to: string | undefined = next.get(current.name)?.to
    current = to === undefined ? undefined : byName.get(to)
  }
  if (current !== undefined) {
    problems.error(last?.path ?? ['order'], 'the hops run in a circle')
    return processors
  }
  for (const step of steps) {
    if (passed.has(step) || step.isEmpty) continue
    const message = `the step ${JSON.stringify(step.name)} is not on the way of the hops from ${JSON.stringify(reader.name)}`
    problems.error(['order', 'hops'], message)
  }
  const way = [...passed].filter((step) => !step.isEmpty)
  const writerAt = way.findIndex((step) => step.category === 'writer')
  const after = writerAt < 0 ? undefined : way[writerAt + 1]
  if (after !== undefined) {
    const message = `a hop leads from the writer to ${JSON.stringify(after.name)}: expected the writer last`
    problems.error(['order', 'hops'], message)
  }
  return way.filter((step) => step.category === 'processor')
}

function namesAreKnown(
  steps: readonly OrderedStep[],
  byName: ReadonlyMap<string, OrderedStep>,
  hops: readonly Hop[],
  problems: ProblemList,
): boolean {
  let isFine = true
  const seen = new Set<string>()
  for (const step of steps) {
    if (seen.has(step.name)) {
      const message = `two steps have the name ${JSON.stringify(step.name)}, so that hops cannot tell them apart`
      problems.error([...step.path, 'name'], message)
      isFine = false
    }
    seen.add(step.name)
  }
  for (const hop of hops) {
    for (const end of ['from', 'to'] as const) {
      if (byName.has(hop[end])) continue
      const hint =
        didYouMean(hop[end], byName.keys()) ?? `The steps are ${[...byName.keys()].join(', ')}.`
      problems.error([...hop.path, end], {
        message: `there is no step ${JSON.stringify(hop[end])}`,
        hint,
      })
      isFine = false
    }
  }
  return isFine
}

/** The one hop that leaves each step; `undefined` when there are two. */
function nextSteps(hops: readonly Hop[], problems: ProblemList): Map<string, Hop> | undefined {
  const next = new Map<string, Hop>()
  let isFine = true
  for (const hop of hops) {
    if (next.has(hop.from)) {
      const message = `a second hop leaves the step ${JSON.stringify(hop.from)}: expected one way from reader to writer`
      problems.error(hop.path, message)
      isFine = false
    }
    next.set(hop.from, hop)
  }
  return isFine ? next : undefined
}
