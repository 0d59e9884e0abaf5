import { describe, expect, it } from 'vitest'
import { postgresReader } from '../plugin.ts'

async function warningsOf(parameters: object) {
  const given = { datasource: 'shop', table: 't', column: ['id'], ...parameters }
  const result = await postgresReader.config['~standard'].validate(given)
  if (result.issues !== undefined) throw new Error(JSON.stringify(result.issues))
  return postgresReader.validate?.(result.value) ?? []
}

describe('encoding', () => {
  it.each(['UTF-8', 'utf8', ' '])('%j says nothing new', async (encoding) => {
    expect(await warningsOf({ encoding })).toEqual([])
  })

  it.each([{ encoding: 'GBK' }, { mandatoryEncoding: 'latin1' }])(
    '%j is warned of',
    async (given) => {
      expect(await warningsOf(given)).toMatchObject([
        { severity: 'warning', path: ['encoding'], hint: expect.stringContaining('convert_from') },
      ])
    },
  )
})
