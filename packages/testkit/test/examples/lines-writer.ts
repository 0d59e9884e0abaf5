import { appendFile } from 'node:fs/promises'
import {
  defineWriter,
  z,
  type ConfigOf,
  type RejectedRow,
  type WriteOptions,
  type WriterSession,
  type WriteResult,
} from '@millrace/core/plugin'
import type { RecordBatch } from '@millrace/core/record'

const configSchema = z.looseObject({ path: z.string().describe('The file.') })

/** Appends a JSON array of cells to a file for each row: stepType `lines`. */
export const linesWriter = defineWriter({
  apiVersion: 1,
  kind: 'writer',
  stepType: 'lines',
  description: 'Appends lines that are JSON arrays',
  capabilities: { deletes: false },
  config: configSchema,
  guarantee: () => ({ isIdempotent: false, note: 'a second run appends all lines again' }),
  open: async (config) => new LinesSession(config),
})

class LinesSession implements WriterSession {
  readonly limits = { maxRows: 1000, maxBytes: 1_048_576, maxInFlight: 2 }
  readonly #path: string
  /** Ends when the batch before is written, so that batches keep their order. */
  #last: Promise<unknown> = Promise.resolve()

  constructor({ path }: ConfigOf<typeof configSchema>) {
    this.#path = path
  }

  async check() {
    return []
  }

  write(batch: RecordBatch, options: WriteOptions): Promise<WriteResult> {
    const turn = this.#last.then(() => this.#write(batch, options))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  preview(batch: RecordBatch) {
    const { lines, rejected } = linesOf(batch)
    return { commands: lines.map((line) => ['APPEND', line]), rejected }
  }

  async #write(batch: RecordBatch, options: WriteOptions): Promise<WriteResult> {
    options.signal.throwIfAborted()
    const { lines, rejected } = linesOf(batch)
    if (!options.admit(rejected)) return { sent: false, written: 0, rejected: [], bytesWritten: 0 }
    const text = lines.map((line) => `${line}\n`).join('')
    await appendFile(this.#path, text)
    const bytesWritten = Buffer.byteLength(text)
    return { sent: true, written: lines.length, rejected: [], bytesWritten }
  }

  async [Symbol.asyncDispose]() {
    await this.#last
  }
}

const bytes = { code: 'BYTES', message: 'a line of JSON holds no bytes' }
const deleted = { code: 'DELETE_NOT_APPLIED', message: 'an appended line cannot be taken back' }

function linesOf({ rows, changes }: RecordBatch): {
  readonly lines: readonly string[]
  readonly rejected: readonly RejectedRow[]
} {
  const lines: string[] = []
  const rejected: RejectedRow[] = []
  for (const [index, row] of rows.entries()) {
    if (changes?.operations[index] === 'd') rejected.push({ row: index, error: deleted })
    else if (row.some((cell) => cell instanceof Uint8Array))
      rejected.push({ row: index, error: bytes })
    else lines.push(JSON.stringify(row))
  }
  return { lines, rejected }
}
