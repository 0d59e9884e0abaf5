import { readFile } from 'node:fs/promises'
import type { Problem } from './problem.ts'
import { LineIndex } from './text-position.ts'

/** The text of a file, or why there is none. */
export type TextFile = { readonly text: string } | { readonly problem: Problem }

/**
 * Reads a text file in UTF-8 (or UTF-16 with a byte order mark) and takes the byte order mark off.
 * `shownAs` is the path for messages. Never throws.
 */
export async function readTextFile(path: string, shownAs: string): Promise<TextFile> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    return { problem: { severity: 'error', file: shownAs, message: readFailure(error) } }
  }
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : undefined
  const encoding = utf16 ?? (bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8')
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes) }
  } catch {
    const start = new TextDecoder('utf-8').decode(bytes)
    const offset = start.indexOf('\ufffd')
    const position = new LineIndex(start).positionAt(Math.max(offset, 0))
    const message = `expected text in UTF-8, found bytes that are not`
    const hint = 'Save the file in the encoding UTF-8.'
    return { problem: { severity: 'error', message, hint, file: shownAs, ...position } }
  }
}

function readFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'the file may not be read: permission denied'
  if (code === 'EISDIR') return 'expected a file, found a folder'
  return `the file cannot be read: ${code ?? String(error)}`
}
