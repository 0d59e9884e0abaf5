import { describe, expect, it } from 'vitest'
import { compareFingerprints, fingerprintDifferences } from './job-fingerprint.ts'

describe('differences of two fingerprints', () => {
  it('name the place and both values', () => {
    const before = { source: { where: 'a > 2', table: 't' }, key: ['id'] }
    const now = { source: { where: 'a > 1', table: 't' }, key: ['id'], filter: true }
    expect(fingerprintDifferences(before, now)).toEqual([
      'source.where: a > 1, was a > 2',
      'filter: true, was nothing',
    ])
    expect(fingerprintDifferences(now, now)).toEqual([])
  })

  it('look into lists of objects and show lists of names whole', () => {
    const before = { jobs: [{ a: 1 }, { b: 1 }], columns: ['a', 'b'], tables: [{ a: 1 }] }
    const now = { jobs: [{ a: 1 }, { b: 2 }], columns: ['a', 'c'], tables: [] }
    expect(fingerprintDifferences(before, now)).toEqual([
      'jobs[1].b: 2, was 1',
      'columns: ["a","c"], was ["a","b"]',
      'tables: [], was [{"a":1}]',
    ])
  })

  it('show of long values the part that differs', () => {
    const same = 'x'.repeat(500)
    const [line = ''] = fingerprintDifferences({ sql: `${same}old${same}` }, { sql: `${same}new` })
    expect(line).toMatch(/^sql: …x{20}new, was …x{20}oldx+…$/)
    expect(line.length).toBeLessThan(200)
  })
})

describe('two fingerprints by table', () => {
  const before = { source: 'shop', tables: { a: 0, b: 0, c: 1 }, definitions: [{ key: 'id' }, {}] }

  it('tell tables that came and went from those that are others now', () => {
    const now = { source: 'shop', tables: { d: 0, c: 1, b: 1 }, definitions: [{ key: 'no' }, {}] }
    expect(compareFingerprints(before, now)).toEqual({
      differences: ['tables.b.key: nothing, was id'],
      added: ['d'],
      removed: ['a'],
    })
    expect(compareFingerprints(before, before)).toEqual({ differences: [], added: [], removed: [] })
  })

  it('name one of many tables with the same difference', () => {
    const now = { ...before, source: 'other', definitions: [{ key: 'no' }, {}] }
    expect(compareFingerprints(before, now).differences).toEqual([
      'source: other, was shop',
      'tables.a (and 1 more).key: no, was id',
    ])
  })

  it('are not compared with one of another kind by table', () => {
    const other = { source: 'shop', columns: ['id'] }
    expect(compareFingerprints(other, before)).toMatchObject({ added: [], removed: [] })
    expect(compareFingerprints(other, before).differences).not.toEqual([])
  })
})
