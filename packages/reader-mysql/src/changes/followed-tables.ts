import { PluginError, type Logger } from '@millrace/core/plugin'
import type { TableSchema } from '@millrace/core/record'
import type { CatalogueColumn, DescribedObject, SourceObject } from '../snapshot/source-object.ts'
import type { CharsetDecodings } from './charset-decodings.ts'
import { matchesCatalogue } from './definition-match.ts'
import { plannedByCatalogue, plannedByLog, type RowPlan } from './row-plan.ts'
import { readTableMap, type TableMap } from './table-map.ts'

/** A table whose changes the job wants. */
export interface FollowedTable {
  /** As `database.table`, for messages and positions. */
  readonly name: string
  readonly database: string
  readonly table: string
  described: DescribedObject
  /** The schema that was handed out last. */
  schema: TableSchema
  /** Absent until the first row event, and after the definition may have changed. */
  plan: RowPlan | undefined
  /** The table map that the plan was made for, without its table id and flags. */
  plannedFor: Buffer | undefined
  /** The catalogue has to be read anew before a plan is made. */
  isStale: boolean
}

/** What tables are followed with. */
export interface FollowedTablesOptions {
  readonly charsets: CharsetDecodings
  /** Names of tables are compared without their case. */
  readonly ignoresCase: boolean
  readonly logger: Logger
  /** Describes a table as it is now; `undefined` when there is none. */
  readonly describe: (object: SourceObject) => Promise<DescribedObject | undefined>
  readonly signal: AbortSignal
}

/** Bytes of table id and flags at the beginning of a table map. */
const idLength = 8

/** The tables of the job by their names in the log, and how their rows are read. */
export class FollowedTables {
  readonly #options: FollowedTablesOptions
  readonly #tables = new Map<string, FollowedTable>()

  constructor(options: FollowedTablesOptions) {
    this.#options = options
  }

  add(database: string, table: string, described: DescribedObject, schema: TableSchema): void {
    this.#tables.set(this.#key(database, table), {
      name: `${database}.${table}`,
      database,
      table,
      described,
      schema,
      plan: undefined,
      plannedFor: undefined,
      isStale: false,
    })
  }

  get all(): Iterable<FollowedTable> {
    return this.#tables.values()
  }

  /** The table of these names, when the job wants it. */
  find(database: string, table: string): FollowedTable | undefined {
    return this.#tables.get(this.#key(database, table))
  }

  /** Whether rows behind this table map can be read by the plan of the table. */
  isPlanned(
    { plan, plannedFor, isStale }: FollowedTable,
    bytes: Buffer,
    start: number,
    end: number,
  ) {
    return (
      plan !== undefined &&
      !isStale &&
      plannedFor !== undefined &&
      plannedFor.compare(bytes, start + idLength, end) === 0
    )
  }

  /**
   * Makes the plan for the rows behind a table map.
   *
   * @param payload - the fields of the table map
   * @throws PluginError SOURCE_FAILED when the rows were written with a definition that nothing tells any more;
   *   SOURCE_OBJECT_MISSING when a column the job names is gone
   */
  async plan(followed: FollowedTable, payload: Buffer): Promise<void> {
    const map = readTableMap(payload, 0, payload.length)
    if (followed.isStale || !matchesCatalogue(map, followed.described.catalogue)) {
      // A table that is gone stays as it was known; a statement further on in the log tells when it is back.
      followed.described =
        (await this.#options.describe(followed.described.object)) ?? followed.described
      followed.isStale = false
    }
    const { charsets, signal } = this.#options
    const { described } = followed
    for (const charset of charsetsOf(map, described.catalogue, charsets)) {
      await charsets.prepare(charset, signal)
    }
    let plan: RowPlan
    if (matchesCatalogue(map, described.catalogue)) {
      plan = plannedByCatalogue(map, described, charsets)
    } else if (map.hasNames) {
      plan = plannedByLog(map, described, charsets, followed.schema.version)
    } else throw unknownDefinition(followed, map)
    if (!isSameSchema(plan.schema, followed.schema)) {
      followed.schema = { ...plan.schema, version: followed.schema.version + 1 }
    }
    followed.plan = { ...plan, schema: followed.schema }
    followed.plannedFor = Buffer.from(payload.subarray(idLength))
  }

  #key(database: string, table: string): string {
    const key = `${database}.${table}`
    return this.#options.ignoresCase ? key.toLowerCase() : key
  }
}

/** The character sets that columns may have, as log and catalogue say. */
function charsetsOf(
  { columns }: TableMap,
  catalogue: readonly CatalogueColumn[],
  charsets: CharsetDecodings,
): ReadonlySet<string> {
  const logged = columns.map(({ collation }) =>
    collation === undefined ? undefined : charsets.charsetOf(collation),
  )
  const known = catalogue.map(({ charset }) => charset)
  return new Set([...logged, ...known].filter((charset) => charset !== undefined))
}

function isSameSchema(left: TableSchema, right: TableSchema): boolean {
  return (
    left.key.join(',') === right.key.join(',') &&
    left.fields.length === right.fields.length &&
    left.fields.every((field, index) => {
      const other = right.fields[index]
      return (
        field.name === other?.name &&
        field.type === other.type &&
        field.nullable === other.nullable &&
        field.nativeType === other.nativeType
      )
    })
  )
}

function unknownDefinition({ name, described }: FollowedTable, map: TableMap): PluginError {
  const now = described.catalogue.length
  return new PluginError({
    code: 'SOURCE_FAILED',
    message: `following changes of table ${name}: its rows in the log have ${map.columns.length} columns and other types than the table has now (${now} columns): they were written before an ALTER TABLE`,
    hint: 'SET GLOBAL binlog_row_metadata = FULL makes the log tell its columns from now on; for the changes before, take a new snapshot.',
  })
}
