import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventBuffer } from './event-buffer.ts'

const maxPayload = 0xff_ffff

function packetsOf(payload: Buffer): Buffer[] {
  const packets: Buffer[] = []
  let at = 0
  for (;;) {
    const part = payload.subarray(at, at + maxPayload)
    const header = Buffer.alloc(4)
    header.writeUIntLE(part.length, 0, 3)
    packets.push(header, part)
    at += part.length
    if (part.length < maxPayload) return packets
  }
}

function payloadsOf(chunks: readonly Buffer[]): string[] {
  const buffer = new EventBuffer()
  const found: string[] = []
  for (const chunk of chunks) {
    buffer.push(chunk)
    while (buffer.next()) {
      found.push(buffer.bytes.toString('hex', buffer.start, buffer.end))
    }
  }
  expect(buffer.size).toBe(0)
  return found
}

describe('EventBuffer', () => {
  it('finds the payloads whatever the chunks are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1, maxLength: 20 }),
        (payloads, lengths) => {
          const wire = Buffer.concat(payloads.flatMap((payload) => packetsOf(Buffer.from(payload))))
          const chunks: Buffer[] = []
          for (let at = 0, turn = 0; at < wire.length; turn += 1) {
            const length = lengths[turn % lengths.length]!
            chunks.push(wire.subarray(at, at + length))
            at += length
          }
          expect(payloadsOf(chunks)).toEqual(
            payloads.map((each) => Buffer.from(each).toString('hex')),
          )
        },
      ),
    )
  })

  it('joins payloads of several packets, one of full length included', () => {
    for (const length of [maxPayload - 1, maxPayload, maxPayload + 1]) {
      const payload = Buffer.alloc(length, 7)
      const wire = Buffer.concat([...packetsOf(payload), ...packetsOf(Buffer.from('end'))])
      const chunks: Buffer[] = []
      for (let at = 0; at < wire.length; at += 1 << 20)
        chunks.push(wire.subarray(at, at + (1 << 20)))
      const buffer = new EventBuffer()
      for (const chunk of chunks) buffer.push(chunk)
      expect(buffer.next()).toBe(true)
      expect(buffer.end - buffer.start).toBe(length)
      expect(buffer.next()).toBe(true)
      expect(buffer.bytes.toString('utf8', buffer.start, buffer.end)).toBe('end')
      expect(buffer.next()).toBe(false)
    }
  })
})
