import type { JsonValue } from '../record/record-batch.ts'

/** The part of a checkpoint that names the tables whose changes are left out; it is written beside those of the splits. */
export const stoppedTablesId = '(stopped)'

/** Why the changes of a table are left out, until it is read again. */
export interface StoppedTable {
  /** ISO time. */
  readonly since: string
  /** Label of the position of the change that could not be applied. */
  readonly position: string
  /** For people. */
  readonly reason: string
}

/** By table, as splits name it. */
export type StoppedTables = ReadonlyMap<string, StoppedTable>

/** What has to be known of a stopped table, and what is to be done about it. */
export function stoppedText(table: string, { since, position, reason }: StoppedTable): string {
  return `the changes of ${table} are left out since ${since}, from ${position} on: ${reason} Remove its keys from the target, then have it read again: millrace resync <folder> --table ${table}`
}

/** The tables as the checkpoint keeps them. */
export function stoppedTablesJson(tables: StoppedTables): JsonValue {
  return Object.fromEntries([...tables].map(([table, stopped]) => [table, { ...stopped }]))
}

/** Reads them back. */
export function stoppedTablesOf(json: JsonValue | undefined): Map<string, StoppedTable> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return new Map()
  return new Map(
    Object.entries(json).map(([table, kept]) => {
      const { since = '', position = '', reason = '' } = kept as Partial<StoppedTable>
      return [table, { since, position, reason }]
    }),
  )
}
