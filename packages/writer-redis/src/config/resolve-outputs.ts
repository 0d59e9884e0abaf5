import { routeFindings } from '../output/output-findings.ts'
import { outputsOf, type OutputRoutes } from '../output/writer-output.ts'
import type { FindingList } from './finding-list.ts'
import type { RedisWriterParameters } from './schema.ts'
import type { WriteKind } from './writer-config.ts'

/** What has no meaning beside `outputs`. */
const singleKindParameters = [
  'writeMode',
  'keyIndexes',
  'keyTemplate',
  'column',
  'expireTime',
  'dateFormat',
] as const

/** Takes `outputs` as they are; what is wrong with them, or beside them, is noted. */
export function resolveOutputs(
  parameters: RedisWriterParameters,
  findings: FindingList,
): OutputRoutes | undefined {
  if (parameters.outputs === undefined) return undefined
  // Absent and undefined are the same here.
  const routes = parameters.outputs as OutputRoutes
  for (const name of singleKindParameters) {
    if (parameters[name] === undefined || parameters[name] === null) continue
    const message = `${name} and outputs exclude each other, both are given`
    findings.error([name], message, 'Keep one.')
  }
  for (const { path, message, hint = '' } of routeFindings(routes))
    findings.error(path, message, hint)
  return routes
}

/** The kind of write that the outputs are, or those of one route. */
export function kindOfOutputs(outputs: OutputRoutes, route?: string): WriteKind {
  const lists = route === undefined ? Object.values(outputs) : [outputsOf(outputs, route) ?? []]
  const appends = lists.some((list) => list.some(({ type }) => type === 'stream'))
  return appends ? 'outputs/append' : 'outputs/write'
}
