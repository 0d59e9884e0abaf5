import type { Field, RowError } from '@millrace/core/record'

/**
 * One entry of the parameter `outputs`, an object of lists by route: what becomes of the rows whose schema has that route.
 * Columns of the native type `expression` whose name begins with `$` were computed for one purpose (a key, an expiry) and are no fields.
 */
export interface WriterOutput {
  readonly type: OutputType
  /** A column with the whole key, or a template (`bill:#{InvoiceId}`); absent: `<table>:<key column>:<value>…`. */
  readonly key?: OutputKey
  /** For hash, json and stream: columns and the names they are written under; absent: every column that is a field. */
  readonly fields?: readonly OutputField[]
  /** For set and zset. */
  readonly member?: string
  /** For zset. */
  readonly score?: string
  /** For string. */
  readonly value?: string
  /** Seconds from each write; a null: the key stays; 0 or less: it is gone at once. */
  readonly expire?: { readonly seconds: number } | { readonly column: string }
  /** For json. Default `replace`. */
  readonly onUpdate?: 'replace' | 'merge'
  /** For json: false where `JSON.MERGE` must not be used; nulls then stay nulls. Default true. */
  readonly nativeMerge?: boolean
  /** For json: the row is an entry of the document at `key`, at `path` (`$.Lines`), under the value of `column`. */
  readonly nest?: { readonly path: string; readonly column: string }
  /** For stream: trimmed to about so many messages. */
  readonly maxLength?: number
  /** How dates and times are written. Default `rdi`. */
  readonly temporal?: 'rdi' | 'iso'
  /** What becomes of the keys when the source empties the table: removed (default) or left. */
  readonly onTruncate?: 'keys' | 'ignore'
}

export type OutputType = 'hash' | 'json' | 'set' | 'zset' | 'stream' | 'string'
export type OutputKey =
  /** `isDefault`: it holds the default key, made of `TableSchema.keyFields`. */
  { readonly column: string; readonly isDefault?: boolean } | { readonly template: string }

/** A column and the name it is written under. In JSON a dot makes a nested object, `\.` stands for itself. */
export interface OutputField {
  readonly column: string
  readonly name: string
}

/** Outputs by route. */
export type OutputRoutes = Readonly<Record<string, readonly WriterOutput[]>>

/** Text or bytes of an argument. */
export type ArgumentText = string | Uint8Array

/** The type of the key as `TYPE` says it. */
export function keyTypeOf(type: OutputType): string {
  return type === 'json' ? 'ReJSON-RL' : type
}

/** The outputs of a route: those of the name, else none. */
export function outputsOf(
  routes: OutputRoutes,
  route: string | undefined,
): readonly WriterOutput[] | undefined {
  return route !== undefined && Object.hasOwn(routes, route) ? routes[route] : undefined
}

/** Whether a column was made by an expression: what one gave may differ from one time to the next. */
export function isComputed(field: Field | undefined): boolean {
  return field?.type === 'value' && field.nativeType === 'expression'
}

/** A cell that is needed and that the source did not send. */
export function notSent(name: string, what: string): RowError {
  return {
    code: 'CELL_NOT_SENT',
    message: `the source did not send column "${name}", which is needed for the ${what}; it has to send whole rows (PostgreSQL: REPLICA IDENTITY FULL, MongoDB: changeStreamPreAndPostImages)`,
  }
}
