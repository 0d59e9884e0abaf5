import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'

const newline = 0x0a
const blockBytes = 64 * 1024

/**
 * Opens a file of JSON lines to be appended to; it is made with mode 0600. A last line that a crash has cut off is removed,
 * so that the next one does not become a part of it.
 *
 * @throws the error of the file system
 */
export function openJsonLines(file: string): number {
  const descriptor = openSync(file, 'a+', 0o600)
  try {
    mendEnd(descriptor)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function mendEnd(descriptor: number): void {
  const stat = fstatSync(descriptor)
  // A pipe or a device has no end to look at.
  if (!stat.isFile() || stat.size === 0) return
  const end = endOfLastLine(descriptor, stat.size)
  if (end === stat.size) return
  const rest = Buffer.alloc(stat.size - end)
  readSync(descriptor, rest, 0, rest.length, end)
  if (isJson(rest.toString('utf8'))) writeSync(descriptor, '\n')
  else ftruncateSync(descriptor, end)
}

/** Where the last line that has an end does end. */
function endOfLastLine(descriptor: number, size: number): number {
  const block = Buffer.alloc(blockBytes)
  for (let end = size; end > 0;) {
    const begin = Math.max(0, end - blockBytes)
    const length = readSync(descriptor, block, 0, end - begin, begin)
    const at = block.subarray(0, length).lastIndexOf(newline)
    if (at >= 0) return begin + at + 1
    end = begin
  }
  return 0
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
