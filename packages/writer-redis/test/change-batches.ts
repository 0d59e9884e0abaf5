import type {
  LogicalType,
  OperationCode,
  RecordBatch,
  Row,
  TableSchema,
} from '@millrace/core/record'

/** A column: name, logical type and, where they differ, the native type. */
export type Column = readonly [name: string, type: LogicalType, nativeType?: string]

/** A schema with a route; `key` are positions of the primary key. */
export function routed(
  table: string,
  columns: readonly Column[],
  options: { readonly route?: string; readonly key?: readonly number[] } = {},
): TableSchema {
  return {
    table,
    version: 1,
    route: options.route ?? 'r',
    key: options.key ?? [0],
    fields: columns.map(([name, type, nativeType = type]) => ({
      name,
      type,
      nativeType,
      nullable: true,
    })),
  }
}

/** A change: operation, row, and what else is known of it. */
export interface Change {
  readonly operation: OperationCode
  readonly row: Row
  readonly before?: Row
  /** Default: a transaction of its own. */
  readonly transaction?: number
}

/** Rows of a snapshot. */
export function readBatch(schema: TableSchema, rows: readonly Row[]): RecordBatch {
  return { schema, rows: rows.map((row) => [...row]), byteSize: 0 }
}

/** Rows of a change stream; `begins`: its source says that nothing of the first transaction came before. */
export function changeBatch(
  schema: TableSchema,
  changes: readonly Change[],
  begins = false,
): RecordBatch {
  return {
    schema,
    rows: changes.map(({ row }) => [...row]),
    byteSize: 0,
    changes: {
      operations: changes.map(({ operation }) => operation),
      before: changes.map(({ before }) => before ?? null),
      transactions: changes.map(({ transaction }, at) => transaction ?? 1_000_000 + at),
      committedAtMs: changes.map(() => 0),
      ...(begins && { beginsTransaction: true }),
    },
  }
}
