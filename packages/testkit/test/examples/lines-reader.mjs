import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { BatchBuilder, byteLengthOfCell } from '@millrace/core/record'
import { defineReader, PluginError, z } from '@millrace/core/plugin'

/** Reads a file with a JSON array of cells in each line: stepType `lines`. */
export const linesReader = defineReader({
  apiVersion: 1,
  kind: 'reader',
  stepType: 'lines',
  description: 'Reads lines that are JSON arrays',
  capabilities: { parallelSplits: false, resumableSplits: false, follow: false },
  config: z.looseObject({
    path: z.string().describe('The file.'),
    columns: z
      .array(z.object({ name: z.string(), type: z.enum(['int', 'string', 'json']) }))
      .describe('Name and type of each column, in order.'),
  }),
  open: async (config) => new LinesSession(config),
})

class LinesSession {
  #path
  #schema

  constructor({ path, columns }) {
    this.#path = path
    const fields = columns.map(({ name, type }) => {
      return { name, type, nullable: true, nativeType: 'text' }
    })
    this.#schema = { table: path, version: 1, fields, key: [] }
  }

  async check() {
    return []
  }

  async describe() {
    return [this.#schema]
  }

  async split() {
    const split = { id: this.#path, table: this.#path, range: null, resumable: false }
    return { splits: [split], consistency: 'one-snapshot' }
  }

  async *read(_split, { signal, ...limits }) {
    signal.throwIfAborted()
    const input = createReadStream(this.#path)
    const builder = new BatchBuilder(this.#schema, limits)
    try {
      for await (const line of createInterface({ input })) {
        const row = this.#parse(line)
        const byteSize = row.reduce((sum, cell) => sum + byteLengthOfCell(cell), 0)
        if (builder.mustFlushBefore(byteSize)) {
          yield builder.take()
          signal.throwIfAborted()
        }
        builder.add(row, byteSize)
      }
      if (builder.rowCount > 0) yield builder.take()
    } finally {
      input.destroy()
    }
  }

  #parse(line) {
    try {
      return JSON.parse(line)
    } catch (cause) {
      const message = `Reading ${this.#path}: a line is no JSON array.`
      throw new PluginError({ code: 'SOURCE_FAILED', message, cause })
    }
  }

  async [Symbol.asyncDispose]() {}
}
