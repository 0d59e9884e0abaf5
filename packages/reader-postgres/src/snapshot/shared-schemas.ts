import type { TableSchema } from '@millrace/core/record'

/** Tables of the same name and columns, in several databases, share one schema, so that the writer compiles once. */
export class SharedSchemas {
  readonly #schemas: TableSchema[] = []

  /** The first schema given that is the same. */
  shared(schema: TableSchema): TableSchema {
    for (const known of this.#schemas) if (isSame(known, schema)) return known
    this.#schemas.push(schema)
    return schema
  }
}

function isSame(left: TableSchema, right: TableSchema): boolean {
  return (
    left.table === right.table &&
    left.namespace === right.namespace &&
    left.fields.length === right.fields.length &&
    left.fields.every((field, index) => field.type === right.fields[index]?.type)
  )
}
