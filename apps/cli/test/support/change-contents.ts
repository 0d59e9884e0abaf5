import type { Redis } from 'ioredis'
import { changeStream } from './change-pipeline.ts'
import { changeTables, type ChangeTable } from './change-tables.ts'
import { dataKeys } from './data-keys.ts'
import type { TestDatabase } from './test-database.ts'

/** What is at a key, in a form that compares as text. */
export type Contents = Map<string, string>

const atOnce = 1000

/** Every key that the tables as they are now have to have left in Redis, but for the stream. */
export async function expectedContents(database: TestDatabase): Promise<Contents> {
  const contents: Contents = new Map()
  const rowsOf = async ({ name, key }: ChangeTable) => {
    const rows = await database.query(`SELECT * FROM ${name} ORDER BY ${key.join(', ')}`)
    return rows.map(textRow)
  }
  const scores: [string, string][] = []
  for (const row of await rowsOf(changeTables.customer)) {
    contents.set(`customer:id:${row['id']}`, hashText(row))
    scores.push([String(row['id']), String(row['version'])])
  }
  if (scores.length > 0) contents.set('customers', sortedText(scores))
  for (const row of await rowsOf(changeTables.line))
    contents.set(`line:order_id:${row['order_id']}:line_no:${row['line_no']}`, hashText(row))
  for (const row of await rowsOf(changeTables.document))
    contents.set(`document:id:${row['id']}`, hashText(row))
  for (const row of await rowsOf(changeTables.seat))
    contents.set(`seat:${row['seat']}`, `string ${row['holder']}`)
  const labels = new Map<string, string[]>()
  for (const row of await rowsOf(changeTables.tag)) {
    contents.set(`tag:${row['owner']}:${row['id']}`, hashText(row))
    const members = labels.get(row['label'] ?? '') ?? []
    members.push(String(row['id']))
    labels.set(row['label'] ?? '', members)
  }
  for (const [label, members] of labels) contents.set(`label:${label}`, setText(members))
  return contents
}

/** Every key in Redis but the stream and the checkpoint. */
export async function foundContents(client: Redis): Promise<Contents> {
  const keys = (await dataKeys(client)).filter((key) => key !== changeStream)
  const contents: Contents = new Map()
  for (let at = 0; at < keys.length; at += atOnce) {
    const some = keys.slice(at, at + atOnce)
    for (const [key, text] of await readKeys(client, some)) contents.set(key, text)
  }
  return contents
}

async function readKeys(client: Redis, keys: readonly string[]): Promise<[string, string][]> {
  const types = client.pipeline()
  for (const key of keys) types.type(key)
  const kinds = ((await types.exec()) ?? []).map(([, type]) => String(type))
  const reads = client.pipeline()
  for (const [index, key] of keys.entries()) {
    const kind = kinds[index]
    if (kind === 'hash') reads.hgetall(key)
    else if (kind === 'set') reads.smembers(key)
    else if (kind === 'zset') reads.zrange(key, '0', '-1', 'WITHSCORES')
    else reads.get(key)
  }
  const replies = (await reads.exec()) ?? []
  return keys.map((key, index) => [key, textOf(kinds[index] ?? '', replies[index]?.[1])])
}

function textOf(kind: string, reply: unknown): string {
  if (kind === 'hash') return hashText(reply as Record<string, string>)
  if (kind === 'set') return setText(reply as string[])
  if (kind === 'zset') {
    const flat = reply as string[]
    const pairs = flat.flatMap((member, at): [string, string][] =>
      at % 2 === 0 ? [[member, flat[at + 1] ?? '']] : [],
    )
    return sortedText(pairs)
  }
  return `${kind} ${String(reply)}`
}

export type TextRow = Readonly<Record<string, string | undefined>>

/** Numbers and texts as Redis has them; columns that are null have no field. */
export function textRow(row: Record<string, unknown>): TextRow {
  const fields = Object.entries(row).flatMap(([name, cell]): [string, string][] =>
    typeof cell === 'string' || typeof cell === 'number' ? [[name, String(cell)]] : [],
  )
  return Object.fromEntries(fields)
}

export function hashText(fields: TextRow): string {
  const names = Object.keys(fields).sort()
  return `hash ${JSON.stringify(names.map((name) => [name, fields[name]]))}`
}

export function setText(members: readonly string[]): string {
  return `set ${JSON.stringify([...members].sort())}`
}

function sortedText(pairs: readonly (readonly [string, string])[]): string {
  const texts = pairs.map(([member, score]) => `${member}=${Number(score)}`)
  return `zset ${JSON.stringify(texts.sort())}`
}

const shown = 5
const shownLength = 300

/** What in Redis is not as the tables are, in both directions; a line each, the first ones only. */
export async function contentDifferences(client: Redis, database: TestDatabase): Promise<string[]> {
  return differences(await expectedContents(database), await foundContents(client))
}

/** In which keys two contents differ; a line each, the first ones only. */
export function differences(expected: Contents, found: Contents): string[] {
  const missing: string[] = []
  const wrong: string[] = []
  for (const [key, text] of expected) {
    const there = found.get(key)
    if (there === undefined) missing.push(`${key} is missing: ${text.slice(0, shownLength)}`)
    else if (there !== text) wrong.push(differenceText(key, text, there))
  }
  const orphans = [...found]
    .filter(([key]) => !expected.has(key))
    .map(([key, text]) => `${key} is of no row: ${text.slice(0, shownLength)}`)
  return [...first('missing', missing), ...first('wrong', wrong), ...first('orphan', orphans)]
}

/** The first lines of a kind, and how many there are. */
export function first(what: string, lines: readonly string[]): string[] {
  if (lines.length <= shown) return [...lines]
  return [...lines.slice(0, shown), `… ${lines.length} keys ${what}`]
}

/** Both texts from shortly before where they begin to differ. */
function differenceText(key: string, expected: string, found: string): string {
  let at = 0
  while (at < expected.length && expected[at] === found[at]) at += 1
  const from = Math.max(0, at - 40)
  const part = (text: string) => text.slice(from, from + shownLength)
  return `${key} from character ${from} on: expected ${part(expected)}, found ${part(found)}`
}
