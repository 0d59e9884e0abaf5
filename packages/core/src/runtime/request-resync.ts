import type { JobPlan } from '../job/job-plan.ts'
import type { CallOptions, Logger } from '../plugin/context.ts'
import { PluginError } from '../plugin/errors.ts'
import { nearestName } from '../sql/nearest-name.ts'
import { jobHeaderOf } from './job-header.ts'
import { openWriter } from './open-session.ts'
import { resyncRequest } from './resync-requests.ts'

/** What became of asking for a table. */
export interface ResyncAnswer {
  /** The table as the job names it. */
  readonly table: string
  /** Whether a run holds the job now; otherwise the next one does it. */
  readonly isRunning: boolean
}

/**
 * Asks the run of a job that follows changes to read a table again, or the next run when none goes on. Only the target is
 * connected to.
 *
 * @param table with or without its schema
 * @throws PluginError CONFIG_INVALID when the job does not follow changes, or reads no such table; what connecting throws
 */
export async function requestResync(
  plan: JobPlan,
  table: string,
  options: CallOptions & { readonly logger: Logger },
): Promise<ResyncAnswer> {
  await using writer = await openWriter(plan, { ...options, follows: true })
  await using checkpoint = await writer.checkpoint?.(plan.name, options)
  const content = await checkpoint?.read(options)
  const header = content === undefined ? undefined : jobHeaderOf(content.header)
  if (checkpoint?.request === undefined || header?.plan.followFrom === undefined) {
    throw new PluginError({
      code: 'CONFIG_INVALID',
      message: `job ${plan.name} does not follow changes: there is no run whose table could be read again`,
      hint: 'Start it with: millrace run <folder>',
    })
  }
  const found = findTable(
    header.plan.splits.map((split) => split.table),
    table,
    plan.name,
  )
  await checkpoint.request(resyncRequest(found), options)
  return { table: found, isRunning: content?.owner !== undefined }
}

function findTable(tables: readonly string[], wanted: string, job: string): string {
  const known = [...new Set(tables)]
  if (known.includes(wanted)) return wanted
  const found = known.filter((table) => table.endsWith(`.${wanted}`))
  const [only, other] = found
  if (only !== undefined && other === undefined) return only
  const alone = new Map(known.map((table) => [table.split('.').at(-1) ?? table, table]))
  const nearest = nearestName(wanted, known) ?? alone.get(nearestName(wanted, alone.keys()) ?? '')
  throw new PluginError({
    code: 'CONFIG_INVALID',
    message:
      other === undefined
        ? `job ${job} reads no table ${wanted}`
        : `job ${job} reads several tables ${wanted}: ${found.join(', ')}`,
    hint:
      other !== undefined
        ? 'Name it with its schema.'
        : nearest === undefined
          ? `Its tables are: ${known.slice(0, 20).join(', ')}`
          : `Did you mean ${nearest}?`,
  })
}
