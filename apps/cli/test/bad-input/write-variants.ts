import { isUtf8 } from 'node:buffer'
import type { Cell } from '@millrace/core/record'
import type { Parameters } from '../support/jobs.ts'
import type { PlainCommand } from './redis-content.ts'
import { columnNames, type RandomRow } from './random-rows.ts'

/** What should become of a row: a command, or reasons of which one makes it dirty. */
export type Expected = { readonly command: PlainCommand } | { readonly codes: readonly string[] }

/** A way to write rows, and what the documentation says becomes of each. */
export interface WriteVariant {
  readonly title: string
  readonly writer: Parameters
  /** Whether every key has to expire. */
  readonly expires?: boolean
  /** Size of the largest values it is tried with, where they are larger than a batch by much. */
  readonly largeBytes?: number
  expect(row: RandomRow): Expected
}

const largeBytes = 10 * 1024 * 1024

/** A cell on the wire; a list of codes says why it cannot be there. */
type Part = Buffer | null | readonly string[]

function raw(cell: Cell): Part {
  if (cell === null || cell === undefined) return null
  if (typeof cell === 'object') return Buffer.from(cell)
  const text = String(cell)
  return /\p{Surrogate}/u.test(text) ? ['INVALID_UTF16'] : Buffer.from(text)
}

function text(cell: Cell): Part {
  const part = raw(cell)
  return Buffer.isBuffer(part) && !isUtf8(part) ? ['INVALID_UTF8'] : part
}

function or(part: Part, ifNull: Buffer | readonly string[]): Part {
  return part ?? ifNull
}

function joined(parts: readonly Part[], delimiter: string): Part {
  const codes = parts.flatMap((part) => (Array.isArray(part) ? (part as string[]) : []))
  if (codes.length > 0) return codes
  const buffers = parts.flatMap((part, at) => [
    ...(at === 0 ? [] : [Buffer.from(delimiter)]),
    part as Buffer,
  ])
  return Buffer.concat(buffers)
}

const empty = Buffer.alloc(0)
const nullKey = ['NULL_KEY']
const nullValue = ['NULL_VALUE']

function singleKey([id]: RandomRow): Part {
  const part = or(raw(id), nullKey)
  return Buffer.isBuffer(part) && part.length === 0 ? ['EMPTY_KEY'] : part
}

function templateKey(prefix: string, [id]: RandomRow): Part {
  const part = or(text(id), nullKey)
  if (!Buffer.isBuffer(part)) return part
  return part.length === 0 ? ['EMPTY_KEY'] : Buffer.concat([Buffer.from(prefix), part])
}

function pairKey([id, a]: RandomRow, delimiter: string): Part {
  return joined([or(text(id), nullKey), or(text(a), nullKey)], delimiter)
}

function bothValues([, a, b]: RandomRow): Part {
  return joined([or(text(a), empty), or(text(b), empty)], '\u0001')
}

function command(name: string, ...parts: readonly Part[]): Expected {
  const codes = parts.flatMap((part) => (Array.isArray(part) ? (part as string[]) : []))
  return codes.length > 0 ? { codes } : { command: [name, ...(parts as Buffer[])] }
}

function score(cell: Cell): Part {
  const part = or(text(cell), nullValue)
  if (!Buffer.isBuffer(part)) return ['BAD_SCORE', ...(part ?? [])]
  const plain = part.toString()
  if (/^[+-]?inf(inity)?$/i.test(plain)) return part
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain)
  const number = Number(plain)
  const isLost = number === 0 && /[1-9]/.test(plain.split(/e/i)[0] ?? '')
  return isNumber && Number.isFinite(number) && !isLost ? part : ['BAD_SCORE']
}

function json(cells: Readonly<Record<string, Cell>>): Part {
  const members = Object.entries(cells).map(([name, cell]): Part => {
    const part = typeof cell === 'string' ? cell : text(cell)
    if (Array.isArray(part)) return part as string[]
    const value = part === null ? 'null' : JSON.stringify(String(part))
    return Buffer.from(`${JSON.stringify(name)}:${value}`)
  })
  return joined([Buffer.from('{'), joined(members, ','), Buffer.from('}')], '')
}

function wholeRow(name: string, key: Part, cells: readonly (readonly [string, Cell])[]): Expected {
  const parts = cells.map(([, cell]) => raw(cell))
  const fields = cells.flatMap(([field], at): Part[] => {
    const part = parts[at] ?? null
    return part === null ? [] : [Buffer.from(field), part]
  })
  return command(name, key, ...(fields.length === 0 ? [nullValue] : fields))
}

const [, nameA, nameB] = columnNames

/** Every kind of value, with keys and values made in every way. */
export const writeVariants: readonly WriteVariant[] = [
  {
    title: 'strings, values joined',
    writer: { keyIndexes: 0 },
    largeBytes,
    expect: (row) => command('SET', singleKey(row), bothValues(row)),
  },
  {
    title: 'strings, keys joined, one value, expiring',
    writer: { keyIndexes: [0, 1], keyFieldDelimiter: '|', expireTime: { seconds: 1000 } },
    expires: true,
    expect: (row) => command('SET', pairKey(row, '|'), or(raw(row[2]), empty)),
  },
  {
    title: 'JSON strings',
    writer: {
      keyIndexes: 0,
      column: [
        { name: '😀"', index: 1 },
        { name: 'b', index: 2 },
      ],
    },
    expect: (row) => command('SET', singleKey(row), json({ '😀"': row[1], b: row[2] })),
  },
  {
    title: 'lists, pushed to the end',
    writer: { keyTemplate: 'l:#{id}', writeMode: { type: 'list', mode: 'rpush' } },
    largeBytes,
    expect: (row) => command('RPUSH', templateKey('l:', row), bothValues(row)),
  },
  {
    title: 'lists, pushed to the front, expiring',
    writer: {
      keyIndexes: [0, 1],
      writeMode: { type: 'list', mode: 'lpush' },
      expireTime: { seconds: 1000 },
    },
    expires: true,
    expect: (row) => command('LPUSH', pairKey(row, '\u0001'), or(raw(row[2]), empty)),
  },
  {
    title: 'sets, expiring',
    writer: { keyIndexes: 0, writeMode: { type: 'set' }, expireTime: { seconds: 1000 } },
    expires: true,
    expect: (row) => command('SADD', singleKey(row), bothValues(row)),
  },
  {
    title: 'sets, no delimiter allowed in what is joined',
    writer: {
      keyIndexes: [0, 1],
      keyFieldDelimiter: '|',
      strictDelimiter: true,
      writeMode: { type: 'set' },
    },
    expect: (row) => {
      const hasDelimiter = [row[0], row[1]].some((cell) => {
        const part = text(cell)
        return Buffer.isBuffer(part) && part.includes('|')
      })
      const key = hasDelimiter ? ['DELIMITER_IN_DATA'] : empty
      return command('SADD', joined([pairKey(row, '|'), key], ''), or(raw(row[2]), empty))
    },
  },
  {
    title: 'sorted sets',
    writer: { keyIndexes: 0, writeMode: { type: 'zset' } },
    expect: (row) => command('ZADD', singleKey(row), score(row[1]), or(raw(row[2]), nullValue)),
  },
  {
    title: 'hashes, a field a row',
    writer: { keyIndexes: 0, writeMode: { type: 'hash', mode: 'hset' } },
    expect: (row) =>
      command('HSET', singleKey(row), or(raw(row[1]), nullValue), or(raw(row[2]), empty)),
  },
  {
    title: 'hashes, a row each',
    writer: { keyTemplate: 'h:#{id}', writeMode: { type: 'hash', mode: 'row' } },
    largeBytes,
    expect: (row) =>
      wholeRow('HSET', templateKey('h:', row), [
        [nameA, row[1]],
        [nameB, row[2]],
      ]),
  },
  {
    title: 'hashes, chosen fields, expiring',
    writer: {
      keyIndexes: 0,
      writeMode: { type: 'hash', mode: 'row' },
      column: [
        { name: 'é', index: 2 },
        { name: 'id', index: 0 },
      ],
      expireTime: { seconds: 1000 },
    },
    expires: true,
    expect: (row) =>
      wholeRow('HSET', singleKey(row), [
        ['é', row[2]],
        ['id', row[0]],
      ]),
  },
]
