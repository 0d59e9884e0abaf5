/**
 * One entry of the parameter `outputs` of the Redis writer: `outputs` is an object of lists by route. Columns are named as in the
 * schema that leaves the transforms; those whose name begins with `$` were computed for one purpose (a key, an expiry) and
 * are no fields.
 */
export interface WriterOutput {
  readonly type: 'hash' | 'json' | 'set' | 'zset' | 'stream' | 'string'
  /** A column with the whole key, or a template (`bill:#{InvoiceId}`); absent: `<table>:<key column>:<value>…`. */
  readonly key?:
    { readonly column: string; readonly isDefault?: boolean } | { readonly template: string }
  /**
   * For hash, json and stream: columns and the names they are written under; absent: every column that is a field. In JSON
   * a dot makes a nested object, `\.` stands for itself.
   */
  readonly fields?: readonly { readonly column: string; readonly name: string }[]
  /** For set and zset. */
  readonly member?: string
  /** For zset. */
  readonly score?: string
  /** For string. */
  readonly value?: string
  /** Seconds from each write, constant or by row; a null or absent cell: no expiry; 0 or less: the key is gone at once. */
  readonly expire?: { readonly seconds: number } | { readonly column: string }
  /** For json: the document is replaced, or merged into what is there. */
  readonly onUpdate?: 'replace' | 'merge'
  /** For json: false where `JSON.MERGE` must not be used (`use_native_json_merge`). */
  readonly nativeMerge?: boolean
  /** For json: the row is an entry of the document at `key`, at `path` (`$.Lines`), under the value of `column`. */
  readonly nest?: { readonly path: string; readonly column: string }
  /** For stream: trimmed to about so many messages. */
  readonly maxLength?: number
  /** How dates and times are written; default `rdi`. */
  readonly temporal?: 'rdi' | 'iso'
  /** What becomes of the keys when the source empties the table; default `keys`: they are removed. */
  readonly onTruncate?: 'keys' | 'ignore'
}
