import type { Redis } from 'ioredis'
import type { LoggedChange } from './change-log.ts'
import { changeStream } from './change-pipeline.ts'
import { changeTables } from './change-tables.ts'

/** A message of the stream: a row of the snapshot, or a change. */
export interface ChangeMessage {
  readonly table: string
  readonly operation: string
  readonly key: string
  readonly version?: string | undefined
}

const atOnce = 20_000

/** Key columns of each table. */
export type KeyColumns = ReadonlyMap<string, readonly string[]>

const workloadKeys: KeyColumns = new Map(
  Object.values(changeTables).map(({ name, key }) => [name, key]),
)

/** All messages of the stream, in order; the first field of each is the first key column, under the name of the table. */
export async function readMessages(
  client: Redis,
  keys: KeyColumns = workloadKeys,
): Promise<ChangeMessage[]> {
  const messages: ChangeMessage[] = []
  let from = '-'
  for (;;) {
    const entries = await client.xrange(changeStream, from, '+', 'COUNT', atOnce)
    for (const [, fields] of entries) messages.push(messageOf(fields, keys))
    const last = entries.at(-1)
    if (last === undefined || entries.length < atOnce) return messages
    from = `(${last[0]}`
  }
}

function messageOf(fields: readonly string[], keys: KeyColumns): ChangeMessage {
  const cells = new Map<string, string>()
  for (let at = 0; at < fields.length; at += 2) cells.set(fields[at] ?? '', fields[at + 1] ?? '')
  const table = fields[0] ?? ''
  const columns = keys.get(table)
  if (columns === undefined) throw new Error(`a message of no known table: ${fields.join(' ')}`)
  const [, ...others] = columns
  const key = [table, ...others].map((name) => cells.get(name)).join(':')
  return { table, operation: cells.get('op_code') ?? '', key, version: cells.get('version') }
}

/** For sources that do not tell the version of every change. */
export function withoutVersion<T extends { readonly version?: string | undefined }>(
  changes: readonly T[],
): T[] {
  return changes.map((change) => ({ ...change, version: undefined }))
}

/** Keys of each table that stand there, with their versions. */
type TableStates = Map<string, Map<string, string | undefined>>

/**
 * What of the stream is not as the log says, a line each.
 *
 * The changes have to be the log's from some place on to its end, each once and in the log's order. That place is where the
 * snapshot begins: a message of the snapshot (`r`) has to give its row as it was at just the place where the message stands, and no
 * row that was there from the beginning to the end of the snapshot may lack one.
 */
export function streamDifferences(
  messages: readonly ChangeMessage[],
  log: readonly LoggedChange[],
): string[] {
  const changes = messages.filter(({ operation }) => operation !== 'r')
  const begin = log.length - changes.length
  if (begin < 0 || changes.some((message, at) => !isSame(message, log[begin + at])))
    return orderDifferences(changes, log)
  return snapshotDifferences(messages, log, begin)
}

function isSame(message: ChangeMessage, change: LoggedChange | undefined): boolean {
  return (
    change !== undefined &&
    message.table === change.table &&
    message.operation === change.operation &&
    message.key === change.key &&
    message.version === change.version
  )
}

const around = 3

/** The first place at which the stream leaves the log, beginning with the stream's first change. */
function orderDifferences(
  changes: readonly ChangeMessage[],
  log: readonly LoggedChange[],
): string[] {
  const [first] = changes
  const begin = first === undefined ? -1 : log.findIndex((change) => isSame(first, change))
  const counts = `${changes.length} changes in the stream, ${log.length} in the log`
  if (begin < 0) return [`${counts}; the first is not in the log: ${first && changeText(first)}`]
  let at = 0
  while (at < changes.length && isSame(changes[at] as ChangeMessage, log[begin + at])) at += 1
  const part = (list: readonly (ChangeMessage | LoggedChange)[], from: number) =>
    list
      .slice(Math.max(0, from - around), from + around + 1)
      .map((change) => changeText(change))
      .join(' | ')
  return [
    `${counts}; from place ${begin} of the log on ${at} are as they have to be, then they differ`,
    `stream: … ${part(changes, at)} …`,
    `log:    … ${part(log, begin + at)} …`,
    ...countDifferences(changes, log.slice(begin)),
  ]
}

/** Which changes are there too often or too seldom. */
function countDifferences(
  changes: readonly ChangeMessage[],
  log: readonly LoggedChange[],
): string[] {
  const counts = new Map<string, number>()
  for (const change of log)
    counts.set(changeText(change), (counts.get(changeText(change)) ?? 0) + 1)
  for (const change of changes)
    counts.set(changeText(change), (counts.get(changeText(change)) ?? 0) - 1)
  const missing = [...counts].filter(([, count]) => count > 0)
  const extra = [...counts].filter(([, count]) => count < 0)
  const some = (list: readonly [string, number][]) =>
    list
      .slice(0, around)
      .map(([text]) => text)
      .join(' | ')
  return [
    `missing: ${missing.length}${missing.length > 0 ? `, such as ${some(missing)}` : ''}`,
    `repeated or of no change: ${extra.length}${extra.length > 0 ? `, such as ${some(extra)}` : ''}`,
  ]
}

function changeText({ table, operation, key, version }: ChangeMessage | LoggedChange): string {
  return `${operation} ${table} ${key} v${version}`
}

/** Goes along the stream and holds the rows of the snapshot against the tables as they were there. */
function snapshotDifferences(
  messages: readonly ChangeMessage[],
  log: readonly LoggedChange[],
  begin: number,
): string[] {
  const states: TableStates = new Map()
  for (const change of log.slice(0, begin)) apply(states, change)
  const unread = new Set<string>()
  for (const [table, rows] of states) for (const key of rows.keys()) unread.add(`${table} ${key}`)
  const lastRead = messages.findLastIndex(({ operation }) => operation === 'r')
  const read = new Set<string>()
  const found: string[] = []
  let at = begin
  for (const [index, message] of messages.entries()) {
    const name = `${message.table} ${message.key}`
    if (message.operation !== 'r') {
      const change = log[at] as LoggedChange
      at += 1
      apply(states, change)
      const gone = change.operation === 'd' ? change.key : change.oldKey
      if (gone !== undefined && index < lastRead) unread.delete(`${change.table} ${gone}`)
      continue
    }
    const version = states.get(message.table)?.get(message.key)
    if (version !== message.version)
      found.push(
        `message ${index}, behind ${at} changes of the log: ${changeText(message)}, but the table had version ${version}`,
      )
    if (read.has(name)) found.push(`message ${index} reads ${name} again`)
    read.add(name)
    unread.delete(name)
  }
  for (const name of unread) found.push(`no message of the snapshot for ${name}`)
  if (found.length <= 2 * around) return found
  return [...found.slice(0, 2 * around), `… ${found.length} messages of the snapshot are wrong`]
}

function apply(states: TableStates, { table, operation, key, oldKey, version }: LoggedChange) {
  let rows = states.get(table)
  if (rows === undefined) states.set(table, (rows = new Map()))
  if (oldKey !== undefined) rows.delete(oldKey)
  if (operation === 'd') rows.delete(key)
  else rows.set(key, version)
}
