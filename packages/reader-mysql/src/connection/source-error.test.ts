import { describe, expect, it } from 'vitest'
import { readError } from './source-error.ts'

const ofServer = (errno: number) =>
  Object.assign(new Error('as the server says'), { errno, code: 'ER_SOMETHING' })

describe('readError', () => {
  it.each([
    ['a server that goes down', ofServer(1053)],
    ['a connection that was killed', ofServer(1927)],
    ['too many connections', ofServer(1040)],
    [
      'a socket that was reset',
      Object.assign(new Error('read'), { errno: -104, code: 'ECONNRESET' }),
    ],
    [
      'a connection the driver lost',
      Object.assign(new Error('lost'), { code: 'PROTOCOL_CONNECTION_LOST' }),
    ],
  ])('is retryable: %s', (_, error) => {
    expect(readError('reading t', error)).toMatchObject({
      code: 'SOURCE_FAILED',
      isRetryable: true,
    })
  })

  it.each([
    ['a killed statement', ofServer(1317)],
    ['a refused login', ofServer(1045)],
    ['a missing table', ofServer(1146)],
    ['a packet that cannot be decoded', new RangeError('a cell ends beyond its packet')],
  ])('is not retryable: %s', (_, error) => {
    expect(readError('reading t', error)).toMatchObject({ isRetryable: false })
  })
})
