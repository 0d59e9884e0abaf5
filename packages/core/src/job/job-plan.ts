import type { DataSource } from '../plugin/data-source.ts'
import type { ReaderPlugin } from '../plugin/reader.ts'
import type { WriterPlugin } from '../plugin/writer.ts'
import type { RowTransform } from '../transform/row-transform.ts'

/** A reader or writer step with everything resolved: plugin loaded, parameters validated, connections found. */
export interface PlannedStep<P> {
  /** Name of the step in the file. */
  readonly name: string
  readonly stepType: string
  readonly plugin: P
  /** Package or path the plugin came from. */
  readonly origin: string
  /** Output of the plugin's schema. */
  readonly config: unknown
  /** Resolved connections, in the order of `plugin.dataSources(config)`. */
  readonly dataSources: readonly DataSource[]
}

/** One DataX transformer: `name` is `dx_substr` and the like. */
export interface TransformStep {
  readonly name: string
  /** Position of the column it works on, from 0. */
  readonly columnIndex: number
  readonly parameters: readonly string[]
}

/** `setting` of the job, in one form for both shapes. */
export interface JobSettings {
  /** Channels: splits read at the same time. */
  readonly concurrency: number
  /** Absent: not limited. */
  readonly bytesPerSecond?: number
  readonly recordsPerSecond?: number
  /** Dirty records that are tolerated. Both absent: any number. */
  readonly errorLimit: {
    readonly record?: number
    /** From 0 to 1, of the rows read; checked at the end. */
    readonly percentage?: number
  }
  /** Whether dirty records are listed in the dirty file (default), or only counted. */
  readonly dirtyRecords?: 'listed' | 'counted'
  /** False: the rows that are there are not read, only what changes; default true. */
  readonly readsRows?: boolean
  /**
   * What happens when the source no longer has the changes that come next: the run fails (default), or begins anew with a new
   * snapshot, twice in a row at most.
   */
  readonly onLostPosition?: 'fail' | 'resnapshot'
  /** IANA zone or fixed offset for instants; default `UTC`. */
  readonly timeZone: string
}

/** A job that is ready to run. */
export interface JobPlan {
  /** Base name of the file plus 8 hex digits of source and target identity, or what `--name` says. */
  readonly name: string
  /** Absolute path of the job file. */
  readonly file: string
  readonly reader: PlannedStep<ReaderPlugin>
  readonly writer: PlannedStep<WriterPlugin>
  /** What happens to the rows on their way. */
  readonly transform: RowTransform
  readonly settings: JobSettings
}
