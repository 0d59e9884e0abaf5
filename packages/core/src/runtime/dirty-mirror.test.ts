import { describe, expect, it } from 'vitest'
import { PluginError } from '../plugin/errors.ts'
import type { DirtyRecord, WriterSession } from '../plugin/writer.ts'
import { DirtyMirror } from './dirty-mirror.ts'

const record = (code: string): DirtyRecord => ({
  time: new Date(0),
  table: 't',
  code,
  reason: 'bad',
  row: {},
  isTransformed: false,
})
const all = (count: number) => Array.from({ length: count }, (_, at) => record(String(at)))

function setUp(keepDirty: WriterSession['keepDirty']) {
  const lines: string[] = []
  const logger = { debug: () => {}, info: () => {}, warn: (line: string) => lines.push(line) }
  const writer = (keepDirty === undefined ? {} : { keepDirty }) as WriterSession
  return { mirror: new DirtyMirror(writer, logger), lines }
}

describe('dirty records in the target', () => {
  it('are all there in order, a few hundred at a time, again after a passing fault', async () => {
    const kept: string[] = []
    let calls = 0
    const { mirror, lines } = setUp(async (records) => {
      calls += 1
      expect(records.length).toBeLessThanOrEqual(500)
      await Promise.resolve()
      if (calls === 2) throw new Error('the connection was lost')
      kept.push(...records.map(({ code }) => code))
    })
    mirror.take(all(600))
    mirror.take(all(600))
    while (kept.length < 1200) await new Promise((resolve) => setTimeout(resolve, 20))
    await mirror[Symbol.asyncDispose]()
    expect(kept).toEqual([...all(600), ...all(600)].map(({ code }) => code))
    expect(lines).toEqual([])
  })

  it('are left out, oldest first, where they are too many, and that is said', async () => {
    let first: string | undefined
    const { mirror, lines } = setUp(async (records) => {
      first ??= records[0]?.code
      await Promise.resolve()
    })
    mirror.take(all(12_000))
    await mirror[Symbol.asyncDispose]()
    expect(first).toBe('2000')
    expect(lines).toEqual(['2000 dirty records stand in the dirty file alone, not in the target'])
  })

  it('are not tried again where they are not permitted, and stay away where the end comes', async () => {
    let calls = 0
    const refusing = setUp(async () => {
      calls += 1
      await Promise.resolve()
      throw new PluginError({ code: 'TARGET_NOT_PERMITTED', message: 'no XADD' })
    })
    refusing.mirror.take(all(2))
    await refusing.mirror[Symbol.asyncDispose]()
    refusing.mirror.take(all(2))
    expect(calls).toBe(1)
    expect(refusing.lines[0]).toBe('dirty records cannot be kept in the target: no XADD')
    const away = setUp(async () => await Promise.reject(new Error('away')))
    away.mirror.take(all(3))
    await away.mirror[Symbol.asyncDispose]()
    expect(away.lines).toEqual(['3 dirty records stand in the dirty file alone, not in the target'])
    const without = setUp(undefined)
    without.mirror.take(all(3))
    await without.mirror[Symbol.asyncDispose]()
    expect(without.lines).toEqual([])
  })
})
