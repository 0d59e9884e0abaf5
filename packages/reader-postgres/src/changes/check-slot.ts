import type { Finding } from '@millrace/core/plugin'
import { quoteText } from '../snapshot/table-name.ts'
import { error, warning } from './change-finding.ts'
import type { CheckedSource } from './check-changes.ts'

/** Oldest major version that limits what it keeps for a slot. */
const limitVersion = 13

/** What is known of the slot when it is checked. */
export type CheckedSlot = Pick<CheckedSource, 'slot' | 'names' | 'facts' | 'logEnd'>

/** What is wrong with the slot of the job, where it is there. */
export function slotFindings(source: CheckedSlot): readonly Finding[] {
  const { slot, names, facts } = source
  if (slot === undefined) return []
  const findings: Finding[] = []
  const name = `replication slot ${names.slot}`
  if (slot.plugin !== 'pgoutput' || slot.database !== facts.database)
    findings.push(
      error(
        `${name} is one of the plugin ${slot.plugin} in the database ${slot.database}, expected pgoutput in ${facts.database}`,
        'Name another slot.',
        ['changes', 'slotName'],
      ),
    )
  if (slot.activePid !== undefined)
    findings.push(
      warning(
        `${name} is being read by process ${slot.activePid} of the server`,
        `Unless it ends by itself: SELECT pg_terminate_backend(${slot.activePid}).`,
      ),
    )
  if (slot.isLost)
    findings.push(
      warning(
        `the server has given up ${name}: what was not read is lost`,
        'Raise max_slot_wal_keep_size and take a new snapshot.',
      ),
    )
  else findings.push(...reserveFindings(source))
  return findings
}

/** Log that the server soon removes, or that fills its disk. */
function reserveFindings(source: CheckedSlot): readonly Finding[] {
  const { slot, names, facts } = source
  const { keptBytes } = facts
  const name = `replication slot ${names.slot}`
  if (keptBytes === undefined) {
    if (slot?.walStatus !== 'extended') return []
    return [
      warning(
        `${name} is behind by ${megabytes(lagOf(source))} MB, more than max_wal_size keeps, and nothing limits what the server keeps for it`,
        `Run the job, or set a limit: ${limitStatement(source)} Drop the slot when nobody needs it: SELECT pg_drop_replication_slot(${quoteText(names.slot)});`,
      ),
    ]
  }
  const raise = `Run the job, and raise the limit: ${limitStatement(source)}`
  if (slot?.walStatus === 'unreserved')
    return [
      warning(
        `${name} is behind by ${megabytes(lagOf(source))} MB, more than max_slot_wal_keep_size: the server removes log that it needs at its next checkpoint`,
        raise,
      ),
    ]
  const left = slot?.safeBytes
  if (left === undefined || left >= keptBytes / 2) return []
  return [
    warning(
      `${name} is behind: of the ${megabytes(keptBytes)} MB of log that max_slot_wal_keep_size keeps, ${megabytes(left)} MB are left`,
      raise,
    ),
  ]
}

/** What is good to know of slots that are as they should be. */
export function slotAdvice(source: CheckedSlot): readonly string[] {
  const { slot, names, facts } = source
  const advice: string[] = []
  if (slot !== undefined && !slot.isLost) {
    const status = slot.walStatus === undefined ? '' : `, wal_status ${slot.walStatus}`
    advice.push(
      `replication slot ${names.slot} is behind by ${megabytes(lagOf(source))} MB${status}`,
    )
  }
  const isWarnedOf = slot?.walStatus === 'extended'
  if (facts.keptBytes === undefined && facts.version >= limitVersion && !isWarnedOf)
    advice.push(
      `max_slot_wal_keep_size sets no limit: while the job stands, the server keeps its log until the disk is full (${limitStatement(source)})`,
    )
  return advice
}

function lagOf({ slot, logEnd }: CheckedSlot): number {
  return slot === undefined ? 0 : Number(logEnd - slot.confirmedLsn)
}

const usualLimitGigabytes = 50

/** Twice what is needed now, at least. */
function limitStatement(source: CheckedSlot): string {
  const { keptBytes = 0 } = source.facts
  const wanted = (2 * Math.max(keptBytes, lagOf(source))) / 1024 ** 3
  const gigabytes =
    keptBytes > 0 ? Math.ceil(wanted) : Math.max(usualLimitGigabytes, Math.ceil(wanted))
  return `ALTER SYSTEM SET max_slot_wal_keep_size = '${gigabytes}GB'; SELECT pg_reload_conf();`
}

function megabytes(bytes: number): number {
  return Math.max(0, Math.floor(bytes / (1024 * 1024)))
}
