import type { Language } from './expression.ts'

/** An expression as a job has it. */
export interface Expression {
  readonly language: Language
  readonly text: string
  /** Where it stands, for messages: `jobs/invoice.yaml:12:9`. */
  readonly place: string
}

/** One `transform` block, its shorthand forms expanded. */
export type TransformBlock =
  | {
      readonly uses: 'add_field'
      readonly fields: readonly { readonly field: string; readonly expression: Expression }[]
    }
  | { readonly uses: 'remove_field'; readonly fields: readonly { readonly field: string }[] }
  | {
      readonly uses: 'rename_field'
      readonly fields: readonly { readonly from: string; readonly to: string }[]
    }
  | { readonly uses: 'map'; readonly expression: Expression | MapObject }
  | { readonly uses: 'filter'; readonly expression: Expression }
  | {
      readonly uses: 'redis.lookup'
      readonly connection: string
      readonly command: string
      readonly arguments: readonly Expression[]
      readonly field: string
      readonly when?: Expression
      readonly batchSize: number
    }

/** The object form of `map`: an expression for each field, or fields below it. */
export interface MapObject {
  readonly fields: readonly {
    readonly name: string
    readonly value: Expression | MapObject
  }[]
}

/** One `redis.write`, defaults applied. */
export interface Output {
  /** Name under `targets`. */
  readonly connection: string
  readonly dataType: 'hash' | 'json' | 'set' | 'sorted_set' | 'stream' | 'string'
  /** Absent: the default key, `<table>:<key column>:<value>…`. */
  readonly key?: Expression
  /** Column and the name it is written under; absent: every column under its own name. */
  readonly mapping?: readonly { readonly column: string; readonly alias: string }[]
  /** Names of fields: `member`, `score`, `value`. */
  readonly arguments: Readonly<Partial<Record<'member' | 'score' | 'value', string>>>
  readonly onUpdate: 'replace' | 'merge'
  /** Seconds from the write; absent or 0: never. */
  readonly expire?: number | Expression
  readonly nest?: Nest
  /** Extension: a stream is trimmed to about this many messages. */
  readonly maxLength?: number
  /** Extension: how dates and times are written; default that of the pipeline. */
  readonly temporal?: TemporalForm
}

/** Children that are kept inside the document of their parent. */
export interface Nest {
  readonly parentTable: string
  /** Where the parent is, to be compared with the sources: keys do not have them. */
  readonly parentSchema?: string
  readonly parentServerName?: string
  readonly parentKey: string
  /** Column of the child that holds the parent's key; the same as `parentKey` where it has no name of its own. */
  readonly childKey: string
  readonly nestingKey: string
  /** `$.Lines` */
  readonly path: string
}

/** `rdi`: days and microseconds as Debezium gives them; `iso`: ISO 8601 text. */
export type TemporalForm = 'rdi' | 'iso'

/** What a job does with the rows of its tables. */
export interface TableJob {
  /** Unique in the pipeline: the file without its ending, `default` for what is done without any job. */
  readonly name: string
  /** Relative to the pipeline's folder; absent for what is done without any job. */
  readonly file?: string
  readonly match: TableMatch
  readonly rowFormat: 'partial' | 'full'
  readonly blocks: readonly TransformBlock[]
  /** Extension: what becomes of the keys when the source empties the table; default that of the pipeline. */
  readonly onTruncate?: 'keys' | 'ignore'
  readonly outputs: readonly Output[]
}

/** Which tables a job is for. */
export interface TableMatch {
  /** `*`: every table that has no job of its own. */
  readonly table: string
  readonly schema?: string
  readonly db?: string
  readonly serverName?: string
  readonly isCaseInsensitive: boolean
}
