import type { PluginError } from '../plugin/errors.ts'
import { qualifiedName } from '../record/qualified-name.ts'
import type { RecordBatch } from '../record/record-batch.ts'
import type { TableSchema } from '../record/table-schema.ts'
import type { CompiledTransforms, TransformedBatch } from '../transform/index.ts'

/** What transforms are made of again when a table has changed. */
export interface SchemaTransformsOptions {
  readonly schemas: readonly TableSchema[]
  compile(schemas: readonly TableSchema[]): Promise<CompiledTransforms>
  /** Told of the columns that rows of a changed table have from now on, before the first of them comes. */
  check(output: TableSchema): Promise<void>
}

/** Schemas of one collection of documents that transforms are kept for: rows of several come by turns. */
const maxDocumentSchemas = 8

/** Transforms that were compiled together, and how many batches are with them. */
interface Compiled {
  readonly transforms: CompiledTransforms
  readonly schemas: ReadonlySet<TableSchema>
  batches: number
}

/**
 * The transforms of a job whose tables may change while it runs: when rows of a new definition come, they are made again for
 * it. Batches of several splits may come at the same time.
 */
export class SchemaTransforms implements CompiledTransforms {
  readonly unmatched?: PluginError
  readonly #options: SchemaTransformsOptions
  /** By table: the definitions in use, the one that came last at the end. */
  readonly #schemas = new Map<string, readonly TableSchema[]>()
  #current: Compiled
  /** Ends when the last change so far is done. */
  #changing: Promise<void> = Promise.resolve()

  constructor(current: CompiledTransforms, options: SchemaTransformsOptions) {
    this.#options = options
    if (current.unmatched !== undefined) this.unmatched = current.unmatched
    for (const schema of options.schemas) this.#schemas.set(qualifiedName(schema), [schema])
    this.#current = { transforms: current, schemas: new Set(options.schemas), batches: 0 }
  }

  outputOf(schema: TableSchema): TableSchema {
    return this.#current.transforms.outputOf(schema)
  }

  apply(batch: RecordBatch): TransformedBatch | Promise<TransformedBatch> {
    if (!this.#current.schemas.has(batch.schema)) return this.#applyAnew(batch)
    return this.#applyNow(batch)
  }

  #applyNow(batch: RecordBatch): TransformedBatch | Promise<TransformedBatch> {
    const current = this.#current
    const made = current.transforms.apply(batch)
    return made instanceof Promise ? this.#whenMade(current, made) : made
  }

  async #whenMade(current: Compiled, made: Promise<TransformedBatch>): Promise<TransformedBatch> {
    current.batches += 1
    try {
      return await made
    } finally {
      current.batches -= 1
      await this.#letGo(current)
    }
  }

  async #applyAnew(batch: RecordBatch): Promise<TransformedBatch> {
    while (!this.#current.schemas.has(batch.schema)) {
      const change = this.#changing.then(async () => await this.#change(batch.schema))
      this.#changing = change.catch(() => {})
      await change
    }
    return await this.#applyNow(batch)
  }

  async #change(schema: TableSchema): Promise<void> {
    if (this.#current.schemas.has(schema)) return
    const name = qualifiedName(schema)
    const known = this.#schemas.get(name) ?? []
    const kept = schema.documents === undefined ? [] : known.slice(1 - maxDocumentSchemas)
    this.#schemas.set(name, [...kept, schema])
    const schemas = [...this.#schemas.values()].flat()
    const former = this.#current
    const transforms = await this.#options.compile(schemas)
    this.#current = { transforms, schemas: new Set(schemas), batches: 0 }
    await this.#letGo(former)
    await this.#options.check(transforms.outputOf(schema))
  }

  /** Former transforms go with the last batch that is with them. */
  async #letGo(compiled: Compiled): Promise<void> {
    if (compiled !== this.#current && compiled.batches === 0)
      await compiled.transforms[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#changing
    await this.#current.transforms[Symbol.asyncDispose]()
  }
}
