import type { RowError } from '@millrace/core/record'
import { keySlot } from '../cluster/key-slot.ts'
import { arrayHeader, constantBulk, type RespWriter } from '../resp/resp-writer.ts'
import { removeKnownScript, type KnownContent } from './known-content.ts'
import type { Removal } from './plan-transaction.ts'
import type { ArgumentText } from './writer-output.ts'

/** Takes a key along with its content; does nothing when it is not there. */
export const renameScript = `local t=redis.call('TYPE',KEYS[1]).ok
if t=='none' then return 0 end
if t~=ARGV[1] then return redis.error_reply('WRONGTYPE the key holds a value of another type') end
redis.call('RENAME',KEYS[1],KEYS[2])
return 1`

const renameHead =
  arrayHeader(6) + constantBulk('EVAL') + constantBulk(renameScript) + constantBulk('2')

const knownHead = constantBulk('EVAL') + constantBulk(removeKnownScript)

const otherSlot: RowError = {
  code: 'CROSS_SLOT',
  message:
    'the key of the row has changed, and the source did not send all of its columns: on a cluster they cannot be taken along to a key in another slot; the source has to send whole rows before changes (PostgreSQL: REPLICA IDENTITY FULL), or the keys need a common hash tag',
}

/** A removal with the row it belongs to. */
export interface RowRemoval {
  readonly row: number
  readonly removal: Removal
}

/** Writes what rows remove. */
export class RemovalWriter {
  readonly #isCluster: boolean

  constructor(isCluster: boolean) {
    this.#isCluster = isCluster
  }

  /** Why removals cannot be done. */
  errorOf(removals: readonly Removal[]): RowError | undefined {
    if (!this.#isCluster) return undefined
    const isCrossing = removals.some(
      ({ key, renameTo }) => renameTo !== undefined && slotOf(key) !== slotOf(renameTo),
    )
    return isCrossing ? otherSlot : undefined
  }

  /**
   * Writes the removals of a transaction that come before its writes. Keys that are renamed are put aside, so that rows can take
   * one another's place; `writeAtRow` puts them where they belong.
   *
   * @param isAlone whether the transaction has no other row
   * @returns the row of each command
   */
  writeEarly(
    removals: readonly RowRemoval[],
    isAlone: boolean,
    writer: RespWriter,
  ): readonly number[] {
    // What is taken along first: nothing else may delete it.
    const ordered = [
      ...removals.filter(({ removal }) => removal.renameTo !== undefined),
      ...removals.filter(({ removal }) => removal.renameTo === undefined),
    ]
    for (const { row, removal } of ordered) {
      const isPutAside = removal.renameTo !== undefined && !isAlone
      write(isPutAside ? { ...removal, renameTo: asideOf(removal, row) } : removal, writer)
    }
    return ordered.map(({ row }) => row)
  }

  /** Writes what comes right before the write of a row; gives the number of commands. */
  writeAtRow(
    row: number,
    removals: readonly Removal[],
    isAlone: boolean,
    writer: RespWriter,
  ): number {
    let count = 0
    for (const removal of removals) {
      if (removal.isLate) write(removal, writer)
      else if (removal.renameTo !== undefined && !isAlone)
        write({ ...removal, key: asideOf(removal, row) }, writer)
      else continue
      count += 1
    }
    return count
  }
}

/** Writes one removal: one command. They are few: exact lengths from the start. */
function write(removal: Removal, writer: RespWriter): void {
  const { output, old, key, renameTo, known } = removal
  writer.isExact = true
  writer.beginRow()
  if (known !== undefined && output.content !== undefined)
    writeKnownRemoval(removal, output.content(known), writer)
  else if (renameTo !== undefined) writeRename(writer, output.keyType, key, renameTo)
  else output.remove?.(old, key, writer, 'd')
  writer.settleRow()
  writer.isExact = false
}

function writeKnownRemoval(
  { output, key, renameTo }: Removal,
  { present, absent }: KnownContent,
  writer: RespWriter,
): void {
  const keys = renameTo === undefined ? [key] : [key, renameTo]
  const fields = [...present.flat(), ...absent]
  writer.text += arrayHeader(5 + keys.length + fields.length) + knownHead
  writer.argument(String(keys.length))
  for (const one of keys) writer.argument(one)
  writer.argument(output.keyType)
  writer.argument(String(present.length))
  for (const field of fields) writer.argument(field)
}

function writeRename(writer: RespWriter, type: string, from: ArgumentText, to: ArgumentText): void {
  writer.text += renameHead
  writer.argument(from)
  writer.argument(to)
  writer.argument(type)
}

/** A key of its own for the time of a transaction, in the slot of the key it is for. */
function asideOf({ renameTo = '' }: Removal, row: number): ArgumentText {
  const suffix = Buffer.from(`:millrace-aside:${row}`)
  const key = Buffer.concat([Buffer.from(renameTo), suffix])
  if (slotOf(key) === slotOf(renameTo)) return key
  return Buffer.concat([Buffer.from('{'), Buffer.from(renameTo), Buffer.from('}'), suffix])
}

function slotOf(key: ArgumentText): number {
  const bytes = Buffer.from(key)
  return keySlot(bytes, 0, bytes.length)
}
