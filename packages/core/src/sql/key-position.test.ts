import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../record/record-batch.ts'
import { keyPosition, keyValues } from './key-position.ts'

const order = [
  { name: 'shop', isNullable: true },
  { name: 'id', isNullable: false },
]
const valuesOf = (token: JsonValue) => keyValues({ token, label: 'x' }, order, 'reading table t')

describe('keyPosition', () => {
  it('names the columns and their values', () => {
    const position = keyPosition([
      { column: 'shop', value: '6162', text: 'ab' },
      { column: 'id', value: '7', text: '7' },
    ])
    expect(position).toEqual({
      token: [
        ['shop', '6162'],
        ['id', '7'],
      ],
      label: 'shop ab, id 7',
    })
    expect(valuesOf(position.token)).toEqual(['6162', '7'])
  })

  it('shortens what people read', () => {
    const text = 'x'.repeat(1000)
    const { token, label } = keyPosition([{ column: 'k', value: text, text }])
    expect(token).toEqual([['k', text]])
    expect(label.length).toBeLessThan(50)
  })
})

describe('keyValues', () => {
  it('takes NULL where it may stand', () => {
    expect(
      valuesOf([
        ['shop', null],
        ['id', '7'],
      ]),
    ).toEqual([null, '7'])
  })

  const wrong: readonly (readonly [JsonValue, string])[] = [
    [null, 'is none of this reader'],
    [[], 'is none of this reader'],
    ['shop', 'is none of this reader'],
    [{ shop: '1', id: '7' }, 'is none of this reader'],
    [['shop', '1'], 'is none of this reader'],
    [[['shop', '1'], ['id']], 'is none of this reader'],
    [
      [
        ['shop', '1'],
        ['id', '7', '8'],
      ],
      'is none of this reader',
    ],
    [[['shop', '1']], 'is one by shop, the rows are now in the order of shop, id'],
    [
      [
        ['id', '7'],
        ['shop', '1'],
      ],
      'is one by id, shop, the rows are now in the order of shop, id',
    ],
    [
      [
        ['shop', '1'],
        ['id', null],
      ],
      'has NULL in id',
    ],
  ]

  it.each(wrong)('refuses %j', (token, message) => {
    expect(() => valuesOf(token)).toThrow(
      expect.objectContaining({
        code: 'POSITION_LOST',
        message: `reading table t: the position to go on from ${message}`,
      }) as Error,
    )
  })
})
