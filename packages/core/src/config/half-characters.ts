import type { ConfigDocument } from './config-document.ts'
import { isRecord, type ConfigPath } from './config-path.ts'
import { ProblemList } from './problem-list.ts'

/**
 * The document with an error for every key and text that holds half of a surrogate pair: an escape such as `\ud800` makes
 * one, and it is no character that could be sent to a server or written to a file.
 */
export function withHalfCharacters(document: ConfigDocument): ConfigDocument {
  const found = new ProblemList(document)
  search(document.value, [], found)
  if (found.problems.length === 0) return document
  return { ...document, problems: [...document.problems, ...found.problems] }
}

const message = 'expected text, found half of a surrogate pair (\\ud800 to \\udfff)'
const hint = 'Write the character itself, or both halves: "\\ud83d\\ude00".'

function search(value: unknown, path: ConfigPath, found: ProblemList): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) found.error(path, { message, hint })
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) search(item, [...path, index], found)
  } else if (isRecord(value)) {
    for (const [key, child] of Object.entries(value)) {
      if (!key.isWellFormed()) found.error([...path, key], { message, hint }, 'key')
      search(child, [...path, key], found)
    }
  }
}
