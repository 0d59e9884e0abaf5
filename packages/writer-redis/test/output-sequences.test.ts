import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import type { RecordBatch } from '@millrace/core/record'
import { changeBatch, routed, type Change } from './change-batches.ts'
import { openWriter, writeBatch } from './write-rows.ts'

const url = new URL(process.env['MILLRACE_TEST_REDIS_URL'] ?? '')
const redis = new Redis(url.href)
const source = {
  hosts: [{ host: url.hostname, port: Number(url.port || 6379) }],
  database: url.pathname.slice(1),
  ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  ...(url.username === '' ? {} : { user: decodeURIComponent(url.username) }),
}
afterAll(() => redis.disconnect())

/** A row of the model: `code` is unique at the end of each transaction, and the key of the hash. */
interface ModelRow {
  readonly id: number
  readonly code: number
  readonly group: number
  readonly score: number
  readonly note: string | null
}

const schema = routed('t', [
  ['id', 'int'],
  ['code', 'int'],
  ['group', 'int'],
  ['score', 'int'],
  ['note', 'string'],
])
const small = fc.integer({ min: 0, max: 4 })
const step = fc.record({
  pick: small,
  kind: fc.constantFrom('insert', 'update', 'update', 'update', 'rekey', 'delete'),
  code: small,
  group: fc.integer({ min: 0, max: 1 }),
  note: fc.constantFrom('kept', 'kept', 'null', 'text'),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const cells = ({ id, code, group, score, note }: ModelRow) => [
  String(id),
  String(code),
  String(group),
  String(score),
  note,
]

/** Applies a step to the table as a database would; gives the change, or nothing when it does not apply. */
function apply(
  table: Map<number, ModelRow>,
  { pick, kind, code, group, note }: Step,
  score: number,
  isNoteSentBefore: boolean,
): Omit<Change, 'transaction'> | undefined {
  const old = table.get(pick)
  if (kind === 'insert') {
    if (old !== undefined) return undefined
    const row = { id: pick, code, group, score, note: note === 'null' ? null : `new ${score}` }
    table.set(pick, row)
    return { operation: 'c', row: cells(row) }
  }
  if (old === undefined) return undefined
  if (kind === 'delete') {
    table.delete(pick)
    return { operation: 'd', row: cells(old) }
  }
  const id = kind === 'rekey' ? code : pick
  if (id !== pick && table.has(id)) return undefined
  const newNote = { kept: old.note, null: null, text: `text ${score}` }[note]
  const row = { id, code, group, score, note: newNote }
  table.delete(pick)
  table.set(id, row)
  const isLeftOut = note === 'kept' && old.note !== null
  const sent = isLeftOut ? [...cells(row).slice(0, 4), undefined] : cells(row)
  const before = isNoteSentBefore ? cells(old) : [...cells(old).slice(0, 4), undefined]
  return { operation: 'u', row: sent, before }
}

/**
 * Whether no code is taken from a row that keeps it: nobody can tell then what became of a row that is not part of the
 * transaction. Nor, where not all cells are sent, from a row that the transaction changed before: what it wrote is the other's.
 */
function isPossible(
  table: ReadonlyMap<number, ModelRow>,
  changes: readonly Omit<Change, 'transaction'>[],
  areCellsSent: boolean,
): boolean {
  const codes = new Map([...table].map(([id, { code }]) => [String(id), String(code)]))
  const open = new Set<string>()
  const changed = new Set<string>()
  for (const { operation, row, before } of changes) {
    const [id, code] = (before ?? row) as string[]
    const [newId, newCode] = row as string[]
    if (operation !== 'c') {
      codes.delete(id as string)
      if (operation === 'd' || newCode !== code) open.delete(`${id} ${code}`)
      // A row keeps its duty to leave under its new name.
      else if (open.delete(`${id} ${code}`)) open.add(`${newId} ${code}`)
    }
    if (operation === 'd') continue
    for (const [owner, taken] of codes) {
      if (taken !== newCode) continue
      if (!areCellsSent && changed.has(owner)) return false
      open.add(`${owner} ${taken}`)
    }
    changed.add(newId as string)
    codes.set(newId as string, newCode as string)
  }
  return open.size === 0
}

/** Runs transactions over a table; those that no database could commit are rolled back. */
function runTransactions(transactions: readonly (readonly Step[])[], isNoteSentBefore: boolean) {
  let table = new Map<number, ModelRow>()
  let score = 0
  const changes: Change[] = []
  for (const [transaction, steps] of transactions.entries()) {
    const next = new Map(table)
    const made = steps.flatMap((one) => {
      score += 1
      const change = apply(next, one, score, isNoteSentBefore)
      return change === undefined ? [] : [{ ...change, transaction }]
    })
    if (!isPossible(table, made, isNoteSentBefore)) continue
    table = next
    changes.push(...made)
  }
  return { table, changes }
}

/** Cuts changes into batches, between transactions only where asked. */
function batchesOf(
  changes: readonly Change[],
  cuts: readonly number[],
  cutsAnywhere: boolean,
): RecordBatch[] {
  const batches: Change[][] = [[]]
  for (const [at, change] of changes.entries()) {
    const isSame = changes[at - 1]?.transaction === change.transaction
    const isCut = (cuts[at % cuts.length] ?? 0) === 0 && (cutsAnywhere || !isSame)
    if (isCut) batches.push([change])
    else batches.at(-1)?.push(change)
  }
  return batches.filter((one) => one.length > 0).map((one) => changeBatch(schema, one))
}

/** What Redis holds, read back by kind. */
async function found(prefix: string) {
  const keys = await redis.keys(`${prefix}*`)
  const hashes: Record<string, unknown> = {}
  const sets: Record<string, unknown> = {}
  const zsets: Record<string, unknown> = {}
  for (const key of keys.sort()) {
    const name = key.slice(prefix.length)
    if (name.startsWith('h:')) hashes[name] = await redis.hgetall(key)
    else if (name.startsWith('s:')) sets[name] = (await redis.smembers(key)).sort()
    else if (name.startsWith('z:'))
      zsets[name] = (await redis.zrange(key, '0', '-1', 'WITHSCORES')).join(' ')
    else if (name !== 'log') throw new Error(`nobody asked for the key ${name}`)
  }
  const log = (await redis.xrange(`${prefix}log`, '-', '+')).map(([, fields]) => fields)
  if (keys.length > 0) await redis.del(...keys)
  return { hashes, sets, zsets, log }
}

/** The same of the model. */
function expected(table: ReadonlyMap<number, ModelRow>, changes: readonly Change[]) {
  const rows = [...table.values()]
  const groups = [...new Set(rows.map(({ group }) => group))]
  const of = (group: number) => rows.filter((row) => row.group === group)
  const names = ['id', 'code', 'group', 'score', 'note']
  const fields = (row: readonly unknown[]) =>
    names.flatMap((name, at) => (typeof row[at] === 'string' ? [[name, row[at]]] : []))
  return {
    hashes: Object.fromEntries(
      rows.map((row) => [`h:${row.code}`, Object.fromEntries(fields(cells(row)))]),
    ),
    sets: Object.fromEntries(
      groups.map((group) => [
        `s:${group}`,
        of(group)
          .map(({ id }) => String(id))
          .sort(),
      ]),
    ),
    zsets: Object.fromEntries(
      groups.map((group) => [
        `z:${group}`,
        of(group)
          .sort((one, other) => one.score - other.score)
          .map(({ id, score }) => `${id} ${score}`)
          .join(' '),
      ]),
    ),
    log: changes.map(({ operation, row }) => [...fields(row).flat(), 'op_code', operation]),
  }
}

describe('a sequence of changes leaves what the table holds at its end', () => {
  const run = async (
    transactions: readonly (readonly Step[])[],
    cuts: readonly number[],
    isNoteSentBefore: boolean,
  ) => {
    const { table, changes } = runTransactions(transactions, isNoteSentBefore)
    const prefix = `millrace-test:${randomUUID()}:`
    await using session = await openWriter(
      {
        keyIndexes: undefined,
        outputs: {
          r: [
            { type: 'hash', key: { template: `${prefix}h:#{code}` } },
            { type: 'set', key: { template: `${prefix}s:#{group}` }, member: 'id' },
            {
              type: 'zset',
              key: { template: `${prefix}z:#{group}` },
              member: 'id',
              score: 'score',
            },
            { type: 'stream', key: { template: `${prefix}log` } },
          ],
        },
      },
      source,
    )
    for (const batch of batchesOf(changes, cuts, isNoteSentBefore)) {
      const result = await writeBatch(session, batch)
      expect([...result.admitted, ...result.rejected]).toEqual([])
    }
    expect(await found(prefix)).toEqual(expected(table, changes))
  }
  const transactions = fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 8 })
  const cuts = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 7 })

  it('with batches cut anywhere, cells not sent taken from the row before', async () => {
    await fc.assert(
      fc.asyncProperty(transactions, cuts, async (all, at) => await run(all, at, true)),
      { numRuns: 150 },
    )
  })

  it('with cells that were sent neither before nor after', async () => {
    await fc.assert(
      fc.asyncProperty(transactions, cuts, async (all, at) => await run(all, at, false)),
      { numRuns: 150 },
    )
  })
})
