import type { DataSource } from '@millrace/core/plugin'
import type { TableJob, TemporalForm } from './table-job.ts'

/** An RDI folder, read and checked. */
export interface Pipeline {
  /** Absolute. */
  readonly folder: string
  /** `metadata.name`, else the name of the folder. */
  readonly name: string
  /** Those that are active, in the order of the file. */
  readonly sources: readonly PipelineSource[]
  /** By name; secrets are resolved. */
  readonly targets: ReadonlyMap<string, DataSource>
  /** Without the built-in one. */
  readonly jobs: readonly TableJob[]
  readonly settings: PipelineSettings
}

/** One entry of `sources`. */
export interface PipelineSource {
  readonly id: string
  /** Of the reader. */
  readonly stepType: 'mysql' | 'postgresql' | 'mongodb'
  readonly dataSource: DataSource
  /** What `server_name` of a job may say: the id, and `topic.prefix` where there is one. */
  readonly serverNames: readonly string[]
  /** Schemas (PostgreSQL) or databases (MySQL, MongoDB): where tables are looked for. Empty: those of the connection. */
  readonly namespaces: readonly string[]
  /** Absent: every table of the namespaces. */
  readonly tables?: readonly PipelineTable[]
  /** The Debezium settings of `advanced.source` that have a meaning here. */
  readonly advanced: SourceSettings
}

/** One entry of `tables`. */
export interface PipelineTable {
  /** Absent: the only one there is. */
  readonly namespace?: string
  readonly table: string
  /** Absent: all columns. */
  readonly columns?: readonly string[]
  /** Fields that are left out. */
  readonly excludedColumns?: readonly string[]
  /** Columns that identify a row where the table has no key of its own. */
  readonly keys?: readonly string[]
  /** Takes the place of the statement that reads the table. */
  readonly snapshotSql?: string
  /** Where it stands, for messages: `config.yaml:12:7`. */
  readonly place: string
}

export interface SourceSettings {
  /** `decimal.handling.mode`: decimals as text (default), or as floating-point numbers. */
  readonly decimals: 'string' | 'double'
  /** `binary.handling.mode`. */
  readonly binary: 'base64' | 'base64-url-safe' | 'hex'
  /** `snapshot.mode`: whether rows are read at all. */
  readonly snapshot: 'initial' | 'never'
  /** `snapshot.max.threads`; absent: `initial_sync_processes`. */
  readonly snapshotThreads?: number
  readonly slotName?: string
  readonly publicationName?: string
  readonly publicationMode?: 'all_tables' | 'filtered' | 'disabled'
  /** `capture.mode`: whether documents as they were before changes are asked for; absent: where the server keeps them. */
  readonly beforeImages?: boolean
  /** `capture.mode`: updates need not bring the whole document. */
  readonly changedFields?: boolean
  /** `capture.mode.full.update.type`. */
  readonly fullDocument?: 'lookup' | 'post_image'
}

/** `processors`, defaults applied. */
export interface PipelineSettings {
  readonly writeBatchSize: number
  readonly targetDataType: 'hash' | 'json'
  readonly jsonUpdateStrategy: 'replace' | 'merge'
  readonly usesNativeJsonMerge: boolean
  /** Rows that cannot be written are listed, or only counted. */
  readonly errorHandling: 'dlq' | 'ignore'
  /** Messages of a stream of failed rows, at most. */
  readonly maxDeadLetters: number
  readonly initialSyncProcesses: number
  /** Extension `millrace.temporal`. */
  readonly temporal: TemporalForm
  /** Extension `millrace.dropUnsupported`: intervals and BIT(n>1) are left out, as RDI does. */
  readonly dropsUnsupported: boolean
  /** Extension `millrace.on_lost_position`. */
  readonly onLostPosition: 'fail' | 'resnapshot'
  /** Extension `millrace.on_truncate`: what becomes of the keys of a table that the source empties. */
  readonly onTruncate: 'keys' | 'ignore'
  /** Extension `millrace.extended_json`: values of MongoDB that JSON does not have. */
  readonly extendedJson: 'unwrapped' | 'canonical'
}
