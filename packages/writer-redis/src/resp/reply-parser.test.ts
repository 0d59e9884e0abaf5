import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReplyParser, type RespReply } from './reply-parser.ts'
import { RespError } from './resp-error.ts'

type Reply = RespReply

/** The plainest encoder there is. */
function encode(reply: Reply): Buffer {
  if (reply === null) return Buffer.from('$-1\r\n')
  if (typeof reply === 'number') return Buffer.from(`:${reply}\r\n`)
  if (typeof reply === 'string') return Buffer.from(`+${reply}\r\n`)
  if (reply instanceof RespError) return Buffer.from(`-${reply.message}\r\n`)
  if (Buffer.isBuffer(reply))
    return Buffer.concat([Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from('\r\n')])
  return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(encode)])
}

const line = fc.string({ unit: 'binary' }).map((text) => text.replace(/[\r\n]|\p{Cs}/gu, ''))
const { reply: anyReply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    line,
    fc.constant('OK'),
    fc.constant(null),
    line.map((text) => new RespError(`ERR ${text}`)),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.array(tie('reply'), { maxLength: 4 }),
  ),
}))

function parse(chunks: readonly Buffer[]): { replies: Reply[]; isIdle: boolean } {
  const replies: Reply[] = []
  const parser = new ReplyParser((reply) => replies.push(reply))
  for (const chunk of chunks) parser.feed(chunk)
  return { replies, isIdle: parser.isIdle }
}

describe('ReplyParser', () => {
  it('reads any replies, cut anywhere', () => {
    const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 20 })
    fc.assert(
      fc.property(fc.array(anyReply, { maxLength: 8 }), cuts, (replies, places) => {
        const bytes = Buffer.concat(replies.map(encode))
        const borders = [0, ...places.filter((at) => at < bytes.length), bytes.length]
        borders.sort((a, b) => a - b)
        const chunks = borders.slice(1).map((end, at) => bytes.subarray(borders[at], end))
        expect(parse(chunks)).toEqual({ replies, isIdle: true })
      }),
    )
  })

  it('reads replies byte by byte', () => {
    const reply: Reply = [
      'OK',
      [1, -2, null, Buffer.from('\r\n$5\r\n')],
      new RespError('WRONGTYPE x'),
      [],
    ]
    const bytes = encode(reply)
    expect(parse([...bytes].map((byte) => Buffer.from([byte]))).replies).toEqual([reply])
  })

  it('knows when it stands inside a reply', () => {
    expect(parse([Buffer.from('*2\r\n:1\r\n')]).isIdle).toBe(false)
    expect(parse([Buffer.from('$5\r\nab')]).isIdle).toBe(false)
    expect(parse([Buffer.from(':1')]).isIdle).toBe(false)
    expect(parse([Buffer.from('*-1\r\n')])).toEqual({ replies: [null], isIdle: true })
  })

  it.each(['HTTP/1.1 400\r\n', ':1x\r\n', '$\r\n'])('refuses %j', (text) => {
    expect(() => parse([Buffer.from(text)])).toThrow(/not the Redis protocol/)
  })

  it('bounds a line that does not end', () => {
    expect(() => parse([Buffer.alloc(70_000, '+')])).toThrow(/does not end/)
  })
})
