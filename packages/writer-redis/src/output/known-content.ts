import { isJsonNull, type Row, type TableSchema } from '@millrace/core/record'
import type { CellText } from '../encode/cell-text.ts'
import { isComputed, type ArgumentText } from './writer-output.ts'

/** What a key holds if nobody but the row has written it. */
export interface KnownContent {
  /** Fields with their values; of a string the one value, under any name. */
  readonly present: readonly (readonly [name: string, value: ArgumentText])[]
  /** Fields that are not there. Of a string: there is no key. */
  readonly absent: readonly string[]
}

/** What is known of the content of a row's key from the cells that were sent. */
export type ContentOf = (row: Row) => KnownContent

/** Compiles it for fields of a hash, or the one value of a string. */
export function compileContent(
  fields: readonly { readonly name: string; readonly index: number }[],
  { fields: columns, documents }: TableSchema,
  texts: readonly CellText[],
): ContentOf {
  // What an expression gave may differ from one time to the next.
  const compared = fields.filter(({ index }) => !isComputed(columns[index]))
  return (row) => {
    const present: [string, ArgumentText][] = []
    const absent: string[] = []
    for (const { name, index } of compared) {
      const cell = row[index]
      if (cell === undefined) continue
      // Hashes and strings of documents do not have what is null.
      const isNull = documents !== undefined && isJsonNull(cell)
      const text = isNull ? null : (texts[index] as CellText)(cell)
      if (text === null) absent.push(name)
      else present.push([name, text])
    }
    return { present, absent }
  }
}

/**
 * Deletes a key, or takes it along to another, if it holds what is known of a row; otherwise it is another row's by now.
 * Arguments: type, number of fields, fields with their values, fields that are not there.
 */
export const removeKnownScript = `local t=redis.call('TYPE',KEYS[1]).ok
local n=2+2*tonumber(ARGV[2])
if t~=ARGV[1] or (t=='string' and #ARGV>n) then return 0 end
for i=3,n,2 do
local v=t=='hash' and redis.call('HGET',KEYS[1],ARGV[i]) or t=='string' and redis.call('GET',KEYS[1])
if v~=ARGV[i+1] then return 0 end end
for i=n+1,#ARGV do if redis.call('HEXISTS',KEYS[1],ARGV[i])==1 then return 0 end end
if KEYS[2] then redis.call('RENAME',KEYS[1],KEYS[2]) else redis.call('DEL',KEYS[1]) end
return 1`
