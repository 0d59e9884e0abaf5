import { describe, expect, it } from 'vitest'
import { parseColumn } from './column-name.ts'
import { nearestName } from './nearest-name.ts'

describe('parseColumn', () => {
  it.each([
    ['id', 'plain', 'id'],
    ['größe_1', 'plain', 'größe_1'],
    ['"Id"', 'quoted', 'Id'],
    ['`a``b`', 'quoted', 'a`b'],
    ['1', 'expression', '1'],
    ['"a" || "b"', 'expression', '"a" || "b"'],
    ['t.id', 'expression', 't.id'],
  ])('%s', (text, kind, name) => {
    expect(parseColumn(text)).toEqual({ kind, name })
  })
})

describe('nearestName', () => {
  it('finds what was probably meant', () => {
    expect(nearestName('custmers', ['orders', 'customers'])).toBe('customers')
    expect(nearestName('ID', ['id', 'idx'])).toBe('id')
    expect(nearestName('zzz', ['orders', 'customers'])).toBeUndefined()
  })
})
