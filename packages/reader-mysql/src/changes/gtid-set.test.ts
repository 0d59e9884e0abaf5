import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MariadbGtidPosition, MysqlGtidSet } from './gtid-set.ts'

const uuid = '8977a20b-e5c2-11f1-a286-02fc00000001'

describe('the GTIDs of MySQL', () => {
  it('keep what they were read from', () => {
    const text = `${uuid}:1-5:7,${uuid.replace('8', '9')}:3`
    expect(new MysqlGtidSet(text).text).toBe(text)
    expect(new MysqlGtidSet('').text).toBe('')
    expect(new MysqlGtidSet(` ${uuid.toUpperCase()}:1-2 `).text).toBe(`${uuid}:1-2`)
  })

  it('join into runs, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (numbers) => {
        const set = new MysqlGtidSet('')
        for (const number of numbers) set.add(uuid, number)
        const found = new Set<number>()
        for (const [first, last] of set.sources.get(uuid) ?? []) {
          // Neighbouring runs are one run.
          expect(found.has(first - 1)).toBe(false)
          for (let number = first; number <= last; number += 1) found.add(number)
        }
        expect(found).toEqual(new Set(numbers.toSorted((left, right) => left - right)))
      }),
    )
  })
})

describe('the GTIDs of MariaDB', () => {
  it('are the last one of every domain', () => {
    const position = new MariadbGtidPosition('0-1-5,3-2-9')
    position.add(0, 2, 6)
    position.add(7, 1, 1)
    expect(position.text).toBe('0-2-6,3-2-9,7-1-1')
  })
})
