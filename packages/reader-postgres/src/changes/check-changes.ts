import type { Finding } from '@millrace/core/plugin'
import { quoteName } from '../snapshot/table-name.ts'
import type { ChangesConfig } from '../config/postgres-config.ts'
import type { ChangeNames } from './change-names.ts'
import type { FollowedObject } from './followed-relations.ts'
import type { FollowedTable } from './followed-table.ts'
import {
  addTablesSql,
  createPublicationSql,
  uncovered,
  unpublishable,
  unpublishableText,
  type PublicationState,
} from './publication.ts'
import type { SlotState } from './replication-slot.ts'
import { error, warning } from './change-finding.ts'
import { slotFindings } from './check-slot.ts'
import type { ServerFacts } from './server-facts.ts'

/** Oldest major version whose logical replication is read. */
const oldestVersion = 11
/** Oldest major version that decodes the log on a standby. */
const standbyVersion = 16
const generatedVersion = 18

/** What is known of a source before its changes are followed. */
export interface CheckedSource {
  readonly facts: ServerFacts
  readonly names: ChangeNames
  readonly mode: NonNullable<ChangesConfig['publicationMode']>
  readonly slot: SlotState | undefined
  readonly publication: PublicationState | undefined
  readonly objects: readonly FollowedObject[]
  /** Where the log ends. */
  readonly logEnd: bigint
}

/** What stands in the way of following changes, each with the statement or setting that mends it. */
export function changeFindings(source: CheckedSource): readonly Finding[] {
  return [
    ...serverFindings(source),
    ...slotFindings(source),
    ...publicationFindings(source),
    ...source.objects.flatMap((object) => tableFindings(object, source)),
  ]
}

function serverFindings({ facts, slot }: CheckedSource): readonly Finding[] {
  const { version, walLevel, isStandby, mayReplicate, user } = facts
  const findings: Finding[] = []
  if (version < oldestVersion)
    findings.push(
      error(
        `the server is PostgreSQL ${version}, changes can be followed from ${oldestVersion} on`,
      ),
    )
  if (isStandby && version < standbyVersion)
    findings.push(
      error(
        `the server is a standby of PostgreSQL ${version}, which gives no changes`,
        'Name the primary in the data source.',
      ),
    )
  if (walLevel !== 'logical')
    findings.push(
      error(
        `wal_level is ${walLevel}, expected logical`,
        "Run ALTER SYSTEM SET wal_level = 'logical' and restart the server (on Amazon RDS: set rds.logical_replication = 1).",
      ),
    )
  if (!mayReplicate)
    findings.push({
      ...error(
        `user ${user} may not follow changes`,
        `Run ALTER ROLE ${quoteName(user)} REPLICATION (on Amazon RDS: GRANT rds_replication TO ${quoteName(user)}).`,
      ),
      code: 'SOURCE_NOT_PERMITTED',
    })
  findings.push(...capacityFindings(facts, slot))
  return findings
}

/** One slot for the job, and one for the moment of its snapshot. */
function capacityFindings(
  { slots, maxSlots, senders, maxSenders }: ServerFacts,
  slot: SlotState | undefined,
): readonly Finding[] {
  const findings: Finding[] = []
  const wantedSlots = slot === undefined ? 2 : 1
  const freeSlots = maxSlots - slots
  if (freeSlots < wantedSlots) {
    const report = slot === undefined ? error : warning
    findings.push(
      report(
        `${freeSlots} of ${maxSlots} replication slots are free, a snapshot with its changes needs ${wantedSlots}`,
        `Run ALTER SYSTEM SET max_replication_slots = ${maxSlots + wantedSlots} and restart the server, or drop a slot that nobody needs: SELECT slot_name, active FROM pg_replication_slots.`,
      ),
    )
  }
  if (maxSenders - senders < 2)
    findings.push(
      (maxSenders > senders ? warning : error)(
        `${maxSenders - senders} of ${maxSenders} connections for replication are free, a snapshot with its changes needs 2`,
        `Run ALTER SYSTEM SET max_wal_senders = ${maxSenders + 2} and restart the server.`,
      ),
    )
  return findings
}

function publicationFindings(source: CheckedSource): readonly Finding[] {
  const { publication, names, mode, facts, objects } = source
  const tables = objects.map(({ table }) => table)
  const isForAll = publication?.isForAllTables ?? mode === 'all_tables'
  const partitioned = isForAll ? [] : unpublishable(tables, facts.version)
  if (partitioned.length > 0) {
    const found = { version: facts.version, isThere: publication !== undefined }
    const { message, hint } = unpublishableText(names.publication, partitioned, found)
    return [error(message, hint, publicationPath)]
  }
  if (publication === undefined) {
    const sql = createPublicationSql(names.publication, tables, mode, facts.version)
    return mode === 'disabled' || facts.isStandby || !mayPublish(source, tables)
      ? [error(`publication ${names.publication} is not there`, ownerRuns(sql), publicationPath)]
      : []
  }
  const findings: Finding[] = []
  const missing = uncovered(publication, tables)
  if (missing.length > 0 && (mode !== 'filtered' || !missing.every(({ isOwn }) => isOwn)))
    findings.push(
      error(
        `publication ${names.publication} lacks ${missing.map(labelOf).join(', ')}`,
        ownerRuns(addTablesSql(names.publication, missing)),
        publicationPath,
      ),
    )
  findings.push(...operationFindings(names.publication, publication))
  if (!publication.viaRoot && tables.some(({ kind }) => kind === 'p'))
    findings.push(
      warning(
        `publication ${names.publication} gives changes of partitions as such, so that TRUNCATE is not followed for partitioned tables`,
        ownerRuns(
          `ALTER PUBLICATION ${quoteName(names.publication)} SET (publish_via_partition_root = true)`,
        ),
      ),
    )
  for (const object of objects) findings.push(...extentFindings(object, names, publication))
  return findings
}

function mayPublish({ facts, mode }: CheckedSource, tables: readonly FollowedTable[]): boolean {
  if (facts.isSuperuser) return true
  return mode !== 'all_tables' && facts.mayCreate && tables.every(({ isOwn }) => isOwn)
}

function operationFindings(name: string, publication: PublicationState): readonly Finding[] {
  const missing = (['insert', 'update', 'delete', 'truncate'] as const).filter(
    (operation) => !publication[operation],
  )
  if (missing.length === 0) return []
  const report = missing.every((operation) => operation === 'truncate') ? warning : error
  return [
    report(
      `publication ${name} leaves out ${missing.join(', ')}`,
      ownerRuns(
        `ALTER PUBLICATION ${quoteName(name)} SET (publish = 'insert, update, delete, truncate')`,
      ),
    ),
  ]
}

/** Columns and rows that the publication leaves out. */
function extentFindings(
  { label, table, columns }: FollowedObject,
  names: ChangeNames,
  publication: PublicationState,
): readonly Finding[] {
  const findings: Finding[] = []
  const published = publication.columns.get(table.oid)
  const missing = columns.filter(
    (name) => name !== undefined && published?.includes(name) === false,
  )
  if (published !== undefined && missing.length > 0)
    findings.push(
      error(
        `publication ${names.publication} leaves out the columns ${missing.join(', ')} of table ${label}`,
        'Put the table into the publication without a list of columns, or leave the columns out of the job.',
      ),
    )
  if (publication.filtered.has(table.oid))
    findings.push(
      warning(
        `publication ${names.publication} leaves out rows of table ${label}, which the snapshot reads`,
        'Put the table into the publication without WHERE.',
      ),
    )
  return findings
}

function tableFindings(
  { label, table, columns }: FollowedObject,
  { facts }: CheckedSource,
): readonly Finding[] {
  const findings: Finding[] = []
  const name = labelOf(table)
  if (table.isUnlogged)
    findings.push(
      error(`table ${label} is unlogged and has no changes`, `Run ALTER TABLE ${name} SET LOGGED.`),
    )
  const hasIdentity =
    table.replicaIdentity === 'f' || table.columns.some((column) => column.isIdentity)
  if (!hasIdentity)
    findings.push(
      error(
        `table ${label} has no replica identity: once it is published, the source refuses to update and delete its rows`,
        table.replicaIdentity === 'n'
          ? `Run ALTER TABLE ${name} REPLICA IDENTITY DEFAULT where it has a primary key, else REPLICA IDENTITY FULL.`
          : `Give it a primary key, or run ALTER TABLE ${name} REPLICA IDENTITY FULL.`,
      ),
    )
  if (table.kind === 'p')
    findings.push(
      warning(
        `table ${label} is partitioned: the server does not tell of TRUNCATE, DETACH and DROP of a single partition, nor of rows that ATTACH brings`,
        'Where that happens, run DELETE first, or have the table read again (millrace resync).',
      ),
    )
  const generated = table.columns.filter(
    (column) => column.isGenerated && columns.includes(column.name),
  )
  if (generated.length > 0 && facts.version < generatedVersion)
    findings.push(
      warning(
        `the generated columns ${generated.map((column) => column.name).join(', ')} of table ${label} come with its snapshot, but not with its changes`,
        'Leave them out of the job and compute them there.',
      ),
    )
  return findings
}

function labelOf({ namespace, name }: FollowedTable): string {
  return `${quoteName(namespace)}.${quoteName(name)}`
}

function ownerRuns(sql: string): string {
  return `Let the owner of the tables run: ${sql}`
}

const publicationPath = ['changes', 'publicationName']
