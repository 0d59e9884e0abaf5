import { arrayHeader, constantBulk, type RespWriter } from '../resp/resp-writer.ts'
import { expireScript, type ExpiryForm } from './expiry.ts'

interface ExpiringKey {
  readonly key: string | Uint8Array
  /** The last row that was written to it. */
  row: number
}

/** The keys of a batch that get an expiry, each once. */
export class ExpiringKeys {
  readonly #keys = new Map<string, ExpiringKey>()

  add(key: string | Uint8Array, row: number): void {
    // A prefix keeps text and bytes of the same characters apart.
    const id = typeof key === 'string' ? `t${key}` : `b${Buffer.from(key).toString('latin1')}`
    const known = this.#keys.get(id)
    if (known === undefined) this.#keys.set(id, { key, row })
    else known.row = row
  }

  /** Writes the commands that set the expiries; gives for each the row it belongs to. */
  encode(form: Extract<ExpiryForm, { kind: 'command' }>, writer: RespWriter): number[] {
    const keys = [...this.#keys.values()]
    // Keys are few beside rows: exact lengths from the start.
    writer.isExact = true
    const { keysPerScript } = form
    const rows =
      keysPerScript === 0
        ? encodePlain(keys, form, writer)
        : encodeScripts(keys, { ...form, keysPerScript }, writer)
    writer.isExact = false
    return rows
  }
}

function encodePlain(
  keys: readonly ExpiringKey[],
  { command, tail }: { readonly command: string; readonly tail: string },
  writer: RespWriter,
): number[] {
  const head = arrayHeader(3) + constantBulk(command)
  return keys.map(({ key, row }) => {
    writer.beginRow()
    writer.text += head
    writer.argument(key)
    writer.text += tail
    writer.settleRow()
    return row
  })
}

function encodeScripts(
  keys: readonly ExpiringKey[],
  form: {
    readonly type: string
    readonly command: string
    readonly tail: string
    readonly keysPerScript: number
  },
  writer: RespWriter,
): number[] {
  const head = constantBulk('EVAL') + constantBulk(expireScript)
  const tail = constantBulk(form.type) + constantBulk(form.command) + form.tail
  const rows: number[] = []
  for (let from = 0; from < keys.length; from += form.keysPerScript) {
    const some = keys.slice(from, from + form.keysPerScript)
    writer.beginRow()
    writer.text += arrayHeader(some.length + 6) + head + constantBulk(String(some.length))
    for (const { key } of some) writer.argument(key)
    writer.text += tail
    writer.settleRow()
    rows.push(some.at(-1)?.row ?? 0)
  }
  return rows
}
