import { Timestamp, type Document } from 'mongodb'
import { describe, expect, it } from 'vitest'
import type { SourceClient } from '../connection/source-client.ts'
import { readLogStatus } from './log-status.ts'

const { signal } = new AbortController()
const at = (seconds: number) => new Timestamp({ t: seconds, i: 1 })

/** A server whose oplog has what happened between two times. */
function serverWith(oplog: Document | undefined): SourceClient {
  const command = async ({ collStats, sort }: Document) => {
    if (oplog === undefined) throw new Error('not authorized on local')
    if (collStats !== undefined) return oplog
    const ts = sort.$natural === 1 ? at(oplog['first']) : at(oplog['last'])
    return { cursor: { firstBatch: [{ ts }] } }
  }
  return {
    client: { db: () => ({ command }) },
    command: async () => ({ operationTime: at(2000) }),
  } as unknown as SourceClient
}

const behind = (seconds: number) => ({ time: { seconds, increment: 1 } })

describe('what is left of the oplog', () => {
  it('is told in bytes, as if they were spread evenly', async () => {
    const source = serverWith({ maxSize: 1000, size: 800, first: 1000, last: 2000 })
    expect(await readLogStatus(source, behind(1750), signal)).toEqual({
      log: 'oplog',
      end: '2000.1',
      lagBytes: 200,
      budgetBytes: 1000,
      budgetLeftBytes: 800,
    })
    expect(await readLogStatus(source, behind(2000), signal)).toMatchObject({ lagBytes: 0 })
    expect(await readLogStatus(source, behind(999), signal)).toMatchObject({ budgetLeftBytes: 0 })
  })

  it('is more than nothing within the second of the end', async () => {
    const source = serverWith({ maxSize: 1000, size: 800, first: 1000, last: 2000 })
    const justBehind = { time: { seconds: 2000, increment: 0 } }
    expect(await readLogStatus(source, justBehind, signal)).toMatchObject({ lagBytes: 1 })
  })

  it('is not told to those who may not look', async () => {
    expect(await readLogStatus(serverWith(undefined), behind(1), signal)).toEqual({
      log: 'oplog',
      end: '2000.1',
    })
  })
})
