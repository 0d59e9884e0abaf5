import { PluginError, type Finding } from '@millrace/core/plugin'
import { qualifiedName, type TableSchema } from '@millrace/core/record'
import type { RedisWriterConfig } from './config/writer-config.ts'
import { columnFindings } from './encode/column-findings.ts'
import { BatchEncoder } from './encode/compile-encoder.ts'
import { OutputEncoder } from './output/output-encoder.ts'
import { outputFindings } from './output/output-findings.ts'
import { PlanTurns } from './output/plan-transaction.ts'
import type { RowEncoder } from './output/output-target.ts'
import { outputsOf } from './output/writer-output.ts'

/** What encoders are compiled with. */
export interface EncoderCacheOptions {
  readonly config: RedisWriterConfig
  /** In which instants become text. */
  readonly timeZone: string
  readonly isCluster: boolean
  /** Whether all keys of a cluster are in one slot. */
  readonly isOneSlot: boolean
  /** Whether the server runs scripts; asked whenever an encoder is compiled. */
  hasScripts(): boolean
}

/** Encoders kept at the same time: sources with several tables have several schemas. */
const maxEncoders = 64

/** The encoders of the schemas that come, each compiled once while it is in use. */
export class EncoderCache {
  readonly #options: EncoderCacheOptions
  readonly #encoders = new Map<TableSchema, RowEncoder>()
  /** By table. */
  readonly #turns = new Map<string, PlanTurns>()
  /** Of encoders that are gone. */
  #delimiterHits = 0

  constructor(options: EncoderCacheOptions) {
    this.#options = options
  }

  /** Throws PluginError CONFIG_INVALID where the columns do not fit the parameters. */
  of(schema: TableSchema): RowEncoder {
    const known = this.#encoders.get(schema)
    if (known !== undefined) return known
    const failed = this.findings(schema).find((finding) => finding.severity === 'error')
    if (failed !== undefined) {
      throw new PluginError({
        code: 'CONFIG_INVALID',
        message: `${failed.path.join('.')}: ${failed.message}`,
        ...(failed.hint === undefined ? {} : { hint: failed.hint }),
      })
    }
    if (this.#encoders.size >= maxEncoders) this.#forgetOldest()
    const encoder = this.#compile(schema)
    this.#encoders.set(schema, encoder)
    return encoder
  }

  /** What does not fit between the parameters and the columns of a table. */
  findings(schema: TableSchema): readonly Finding[] {
    const { config } = this.#options
    if (config.outputs !== undefined) return outputFindings(config.outputs, schema)
    return columnFindings(
      config,
      schema.fields.map((field) => field.name),
    )
  }

  /** Lets go of all encoders. Gives how many joined columns held the delimiter since the last call. */
  clear(): number {
    for (const { delimiterHits } of this.#encoders.values()) this.#delimiterHits += delimiterHits
    this.#encoders.clear()
    const hits = this.#delimiterHits
    this.#delimiterHits = 0
    return hits
  }

  #compile(schema: TableSchema): RowEncoder {
    const { config, timeZone, isCluster, isOneSlot } = this.#options
    if (config.outputs === undefined)
      return new BatchEncoder(config, schema, {
        timeZone,
        ...(!isCluster || isOneSlot ? {} : { keysPerScript: 1 }),
        ...(this.#options.hasScripts() ? {} : { keysPerScript: 0 }),
      })
    const outputs = outputsOf(config.outputs, schema.route) ?? []
    return new OutputEncoder(outputs, schema, { isCluster, turns: this.#turnsOf(schema) })
  }

  #turnsOf(schema: TableSchema): PlanTurns {
    const name = qualifiedName(schema)
    const turns = this.#turns.get(name) ?? new PlanTurns()
    this.#turns.set(name, turns)
    return turns
  }

  #forgetOldest(): void {
    const [oldest] = this.#encoders
    if (oldest === undefined) return
    const [schema, { delimiterHits }] = oldest
    this.#delimiterHits += delimiterHits
    this.#encoders.delete(schema)
  }
}
