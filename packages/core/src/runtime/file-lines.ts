import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

const blockBytes = 64 * 1024

/**
 * The lines of a file of JSON lines, read block by block. Only a line feed ends one: other separators may stand in its text.
 *
 * @throws the error of the file system
 */
export function* fileLines(file: string): Generator<string, void, undefined> {
  const descriptor = openSync(file, 'r')
  try {
    const decoder = new StringDecoder('utf8')
    const block = Buffer.allocUnsafe(blockBytes)
    let rest = ''
    for (;;) {
      const length = readSync(descriptor, block)
      if (length === 0) break
      const lines = (rest + decoder.write(block.subarray(0, length))).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
    if (rest !== '') yield rest
  } finally {
    closeSync(descriptor)
  }
}
