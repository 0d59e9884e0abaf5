import { describe, expect, it } from 'vitest'
import { unreachable } from './server-errors.ts'

describe('unreachable', () => {
  it('names the reason of every address of a name', () => {
    const reasons = ['connect ECONNREFUSED ::1:6379', 'connect ECONNREFUSED 127.0.0.1:6379']
    const cause = new AggregateError(reasons.map((reason) => new Error(reason)))
    expect(unreachable('localhost:6379', cause).message).toBe(
      `cannot connect to Redis at localhost:6379: the connection was refused (${reasons.join(', ')})`,
    )
  })

  it('gives any other reason as it is', () => {
    expect(unreachable('cache:6379', new Error('no answer within 5 ms')).message).toBe(
      'cannot connect to Redis at cache:6379: no answer within 5 ms',
    )
  })
})
