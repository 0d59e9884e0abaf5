import { describe, expect, it } from 'vitest'
import { readError } from './source-error.ts'

const ofServer = (code: string) =>
  Object.assign(new Error('as the server says'), { code, severity: 'FATAL' })

describe('readError', () => {
  it.each([
    ['terminated by an administrator', ofServer('57P01')],
    ['ended by a crash', ofServer('57P02')],
    ['starting up', ofServer('57P03')],
    ['full', ofServer('53300')],
    ['a standby that applies changes', ofServer('40001')],
    ['a socket that was reset', Object.assign(new Error('read'), { code: 'ECONNRESET' })],
    ['a connection the driver lost', new Error('Connection terminated unexpectedly')],
  ])('is retryable: %s', (_, error) => {
    expect(readError('reading t', error)).toMatchObject({
      code: 'SOURCE_FAILED',
      isRetryable: true,
    })
  })

  it.each([
    ['a cancelled statement', ofServer('57014')],
    ['a dropped database', ofServer('57P04')],
    ['a missing table', ofServer('42P01')],
    ['a row that cannot be decoded', new Error('the server sent a row of 2 columns, expected 3')],
  ])('is not retryable: %s', (_, error) => {
    expect(readError('reading t', error)).toMatchObject({ isRetryable: false })
  })
})
