import type { TransformStep } from '../job/job-plan.ts'
import type { TableSchema } from '../record/table-schema.ts'
import { compileTransforms, isTransformed, type DxTransforms } from './compile-transforms.ts'
import type { CompiledTransforms, CompileOptions, RowTransform } from './row-transform.ts'

/** The `dx_` transformers of a DataWorks or DataX job, in their order. */
export function dxTransform(steps: readonly TransformStep[]): RowTransform {
  return {
    identity: steps.map(({ name, columnIndex, parameters }) => ({ name, columnIndex, parameters })),
    compile: async (schemas, options) => new DxTransformsOfTables(steps, schemas, options),
  }
}

class DxTransformsOfTables implements CompiledTransforms {
  readonly #bySchema: ReadonlyMap<TableSchema, DxTransforms>

  constructor(
    steps: readonly TransformStep[],
    schemas: readonly TableSchema[],
    { timeZone }: CompileOptions,
  ) {
    this.#bySchema = new Map(
      schemas.map((schema) => [schema, compileTransforms(steps, schema, { timeZone })]),
    )
  }

  outputOf(schema: TableSchema): TableSchema {
    return this.#of(schema).output
  }

  apply(batch: Parameters<CompiledTransforms['apply']>[0]) {
    // A batch of the dirty file may be of rows that are behind the steps already.
    if (isTransformed(batch)) return { batch, rejected: [], filtered: 0 }
    return this.#of(batch.schema).apply(batch)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #of(schema: TableSchema): DxTransforms {
    const known = this.#bySchema.get(schema)
    if (known === undefined) throw new Error(`${schema.table} was not described`)
    return known
  }
}
