import { describe, expect, it } from 'vitest'
import { MessageDecoder } from './message-decoder.ts'

/** What a server of version 15 answered to a COPY of three rows, message by message. */
const recorded = [
  '480000000b00000200000000',
  '640000000b31095a6fc3ab0a',
  '640000000932095c4e0a',
  '640000000b3309615c74620a',
  '6300000004',
  '430000000b434f5059203300',
  '5a0000000549',
]
const stream = Buffer.from(recorded.join(''), 'hex')

class Recorder extends MessageDecoder {
  readonly messages: string[] = []
  /** Messages that were read where they lay. */
  inPlace = 0
  readonly #holds: boolean
  #chunk: Buffer | undefined

  /** @param holds after every message */
  constructor(holds = false) {
    super()
    this.#holds = holds
  }

  /** Takes the bytes in a chunk that is overwritten afterwards, as the socket's is. */
  push(bytes: Buffer): void {
    const chunk = Buffer.from(bytes)
    this.#chunk = chunk
    let at = 0
    do {
      this.isHeld = false
      at = this.decode(chunk, at)
      if (!this.isHeld) expect(at).toBe(chunk.length)
    } while (at < chunk.length)
    chunk.fill(0xff)
  }

  protected message(bytes: Buffer, start: number, end: number): void {
    if (this.isHeld) throw new Error('a message was taken although held')
    this.messages.push(bytes.toString('hex', start, end))
    if (bytes === this.#chunk) this.inPlace += 1
    this.isHeld = this.#holds
  }
}

describe.each([
  ['goes on', false],
  ['is held after every message', true],
])('MessageDecoder that %s', (_, holds) => {
  it('gives the same messages wherever the chunks end', () => {
    for (let first = 0; first <= stream.length; first += 1) {
      for (let second = first; second <= stream.length; second += 1) {
        const decoder = new Recorder(holds)
        decoder.push(stream.subarray(0, first))
        decoder.push(stream.subarray(first, second))
        decoder.push(stream.subarray(second))
        expect(decoder.messages, `cut at ${first} and ${second}`).toEqual(recorded)
      }
    }
  })

  it('works on single bytes', () => {
    const decoder = new Recorder(holds)
    for (const byte of stream) decoder.push(Buffer.from([byte]))
    expect(decoder.messages).toEqual(recorded)
  })

  it('reads in place what lies whole in a chunk', () => {
    const whole = new Recorder(holds)
    whole.push(stream)
    expect(whole.inPlace).toBe(recorded.length)
    const cut = new Recorder(holds)
    cut.push(stream.subarray(0, 15))
    cut.push(stream.subarray(15))
    expect(cut.messages).toEqual(recorded)
    expect(cut.inPlace).toBe(recorded.length - 1)
  })
})

it('takes nothing more once a message has thrown', () => {
  class Refusing extends Recorder {
    protected override message(bytes: Buffer, start: number, end: number): void {
      super.message(bytes, start, end)
      if (this.messages.length === 3) throw new Error('refused')
    }
  }
  for (let cut = 1; cut < stream.length; cut += 1) {
    const decoder = new Refusing()
    const push = () => {
      decoder.push(stream.subarray(0, cut))
      decoder.push(stream.subarray(cut))
    }
    expect(push, `cut at ${cut}`).toThrow('refused')
    decoder.push(stream)
    decoder.push(stream.subarray(cut))
    expect(decoder.messages).toEqual(recorded.slice(0, 3))
  }
})
