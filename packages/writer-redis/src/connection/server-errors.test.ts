import { describe, expect, it } from 'vitest'
import { RespError } from '../resp/resp-error.ts'
import { fatalError, unreachable } from './server-errors.ts'

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

describe('fatalError', () => {
  const of = (text: string) => fatalError(new RespError(text), 'EVAL', 'cache:6379')

  it('names the command that the server refuses, which may be another than the one it answers', () => {
    const refused = of("NOPERM User loader has no permissions to run the 'hset' command")
    expect(refused.message).toMatch(/^cache:6379 does not permit HSET: NOPERM/)
    expect(refused.hint).toContain('+hset,')
    const sub = of("NOPERM User loader has no permissions to run the 'client|id' command")
    expect(sub.hint).toContain('+client|id,')
  })

  it('names the command that was sent where the server says no other', () => {
    const message = 'NOPERM No permissions to access a key'
    expect(of(message).message).toBe(`cache:6379 does not permit EVAL: ${message}`)
  })
})
