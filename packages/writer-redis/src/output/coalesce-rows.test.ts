import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OperationCode, RecordBatch, Row, TableSchema } from '@millrace/core/record'
import { previewCommands } from '../preview-commands.ts'
import { OutputEncoder } from './output-encoder.ts'
import type { WriterOutput } from './writer-output.ts'

const schema: TableSchema = {
  table: 't',
  version: 1,
  key: [0],
  fields: ['id', 'a', 'b'].map((name) => ({
    name,
    type: 'string',
    nullable: true,
    nativeType: 'text',
  })),
}

interface Change {
  readonly operation: OperationCode
  readonly row: Row
  readonly before: Row | null
}

function batchOf(changes: readonly Change[], firstTransaction = 0): RecordBatch {
  return {
    schema,
    rows: changes.map(({ row }) => [...row]),
    byteSize: 0,
    changes: {
      operations: changes.map(({ operation }) => operation),
      before: changes.map(({ before }) => before),
      transactions: changes.map((_, at) => firstTransaction + at),
      committedAtMs: changes.map(() => 0),
    },
  }
}

/** What a server holds after the commands of hashes, strings and streams. */
class ServerModel {
  readonly keys = new Map<string, Map<string, string> | string>()
  readonly messages: string[] = []

  run(encoder: OutputEncoder, batch: RecordBatch): readonly number[] {
    const { payload, rejected } = encoder.encode(batch)
    for (const command of previewCommands(payload)) this.#apply(command.map(String))
    return rejected.map(({ row }) => row)
  }

  #apply([name = '', key = '', ...rest]: readonly string[]): void {
    const value = this.keys.get(key)
    const hash = value instanceof Map ? value : new Map<string, string>()
    if (name === 'XADD') this.messages.push(rest.join(' '))
    else if (name === 'SET') this.keys.set(key, rest[0] ?? '')
    else if (name === 'DEL') this.keys.delete(key)
    else if (name === 'HSET') {
      for (let at = 0; at < rest.length; at += 2) hash.set(rest[at] ?? '', rest[at + 1] ?? '')
      this.keys.set(key, hash)
    } else if (name === 'HDEL') {
      for (const field of rest) hash.delete(field)
      if (hash.size === 0) this.keys.delete(key)
    } else throw new Error(`nobody foresaw ${name}`)
  }
}

/** An encoder that has seen the transactions from their beginning. */
function encoderWithin(all: readonly WriterOutput[]): OutputEncoder {
  const encoder = new OutputEncoder(all, schema, { isCluster: false })
  encoder.encode(batchOf([{ operation: 'c', row: ['0', 'a', 'b'], before: null }], -1))
  return encoder
}

const half = '\ud83d'
const cell = fc.oneof(
  { weight: 5, arbitrary: fc.string({ maxLength: 4 }) },
  { weight: 4, arbitrary: fc.constantFrom(null, undefined) },
  { weight: 1, arbitrary: fc.constant(half) },
)
const change = fc
  .record({
    kind: fc.constantFrom('c', 'u', 'u', 'u', 'u', 'u', 'd', 'move'),
    id: fc.constantFrom('1', '2', '3'),
    from: fc.constantFrom('1', '2', '3'),
    a: cell,
    b: cell,
  })
  .map(({ kind, id, from, a, b }): Change => {
    if (kind === 'd') return { operation: 'd', row: [id, 'a', 'b'], before: null }
    if (kind !== 'move') return { operation: kind as OperationCode, row: [id, a, b], before: null }
    return { operation: 'u', row: [id, a ?? 'a', b ?? 'b'], before: [from, 'a', 'b'] }
  })

const outputs: Record<string, readonly WriterOutput[]> = {
  hash: [{ type: 'hash' }],
  string: [{ type: 'string', value: 'a' }],
  'hash and stream': [{ type: 'hash' }, { type: 'stream', key: { template: 'feed' } }],
  'hash under a key of two columns': [{ type: 'hash', key: { template: 'k:#{id}:#{b}' } }],
}

describe('repeated changes of a key in one batch', () => {
  it.each(Object.entries(outputs))('leave what one after the other leaves: %s', (_, all) => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 14 }), (changes) => {
        const together = new ServerModel()
        const encoder = encoderWithin(all)
        const rejected = together.run(encoder, batchOf(changes))
        const single = new ServerModel()
        const singly = encoderWithin(all)
        const refused = changes.flatMap((one, at) =>
          single.run(singly, batchOf([one], at)).map(() => at),
        )
        expect(together.messages).toEqual(single.messages)
        expect(refused).toEqual(expect.arrayContaining([...rejected]))
        // A row that another one replaces is not looked at: what it would have been refused for may be gone by then.
        if (refused.length === rejected.length) expect(together.keys).toEqual(single.keys)
      }),
      { numRuns: 300 },
    )
  })

  const update = (...row: Row): Change => ({ operation: 'u', row, before: null })
  const three = [update('1', 'x', 'y'), update('1', undefined, 'z'), update('1', 'w', undefined)]

  it('are one command, with the cells that were not sent', () => {
    const encoder = new OutputEncoder([{ type: 'hash' }], schema, { isCluster: false })
    const batch = batchOf([...three, update('2', 'x', 'y')])
    const encoded = encoder.encode(batch)
    const commands = [
      ['HSET', 't:id:1', 'id', '1', 'a', 'w', 'b', 'z'],
      ['HSET', 't:id:2', 'id', '2', 'a', 'x', 'b', 'y'],
    ]
    expect(previewCommands(encoded.payload)).toEqual(commands)
    expect(encoded.rows).toEqual([2, 3])
    expect(encoded.replacedBy?.(2)).toEqual([1, 0])
    expect(encoded.replacedBy?.(3)).toEqual([])
    expect(previewCommands(encoder.encode(batch, [2]).payload)).toEqual(commands.slice(0, 1))
    expect(batch.rows[2]).toEqual(['1', 'w', undefined])
  })

  it('are all written when one of them is dirty', () => {
    const encoder = new OutputEncoder([{ type: 'hash' }], schema, { isCluster: false })
    const batch = batchOf([update('1', 'x', 'y'), update('1', half, 'z')])
    const encoded = encoder.encode(batch)
    expect(previewCommands(encoded.payload)).toEqual([
      ['HSET', 't:id:1', 'id', '1', 'a', 'x', 'b', 'y'],
    ])
    expect(encoded.rejected.map(({ row }) => row)).toEqual([1])
  })

  it('stay as many commands where they add up', () => {
    const names = (output: WriterOutput) =>
      previewCommands(
        new OutputEncoder([output], schema, { isCluster: false }).encode(
          batchOf([update('1', '1', 'y'), update('1', '2', 'z')]),
        ).payload,
      ).map(([name]) => name)
    const member = { member: 'b', key: { template: 'k:#{id}' } }
    expect(names({ type: 'stream' })).toEqual(['XADD', 'XADD'])
    expect(names({ type: 'set', ...member })).toEqual(['SADD', 'SADD'])
    expect(names({ type: 'zset', score: 'a', ...member })).toEqual(['ZADD', 'ZADD'])
    expect(names({ type: 'json' })).toEqual(['JSON.SET'])
    expect(names({ type: 'hash', expire: { column: 'a' } })).toEqual(['HSET', 'HSET', 'EVAL'])
    expect(names({ type: 'hash', expire: { seconds: 9 } })).toEqual(['HSET', 'EVAL'])
  })
})
