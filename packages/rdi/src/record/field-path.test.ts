import { describe, expect, it } from 'vitest'
import { getField, hasField, parseFieldPath, removeField, setField } from './field-path.ts'
import { newRecord } from './new-record.ts'

describe('paths of fields', () => {
  it.each([
    ['a', ['a']],
    ['a.b', ['a', 'b']],
    ['a\\.b.c', ['a.b', 'c']],
    ['a\\b', ['a\\b']],
    ['', ['']],
  ])('%j is %j', (text, names) => {
    expect(parseFieldPath(text)).toEqual(names)
  })

  it('reach fields of any name', () => {
    const record = newRecord()
    const path = parseFieldPath('__proto__.constructor')
    expect(hasField(record, path)).toBe(false)
    expect(getField(record, parseFieldPath('toString'))).toBeUndefined()
    expect(setField(record, path, 1)).toBeUndefined()
    expect(getField(record, path)).toBe(1)
    expect(Object.keys(record)).toEqual(['__proto__'])
    removeField(record, path)
    expect(hasField(record, path)).toBe(false)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('take null for nothing, and text for no object', () => {
    const record = Object.assign(newRecord(), { a: null, b: 'text' })
    expect(setField(record, parseFieldPath('a.x'), 1)).toBeUndefined()
    expect(setField(record, parseFieldPath('b.x'), 1)).toBe('b')
    expect(record).toEqual({ a: { x: 1 }, b: 'text' })
  })
})
