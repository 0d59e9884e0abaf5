import { parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser'
import type { ConfigDocument } from './config-document.ts'
import { formatPath, type ConfigPath } from './config-path.ts'
import { isNearSecret } from './describe-value.ts'
import { jsonSyntaxMessage } from './json-syntax-message.ts'
import { deepestNesting, nestedTooDeep } from './nesting.ts'
import type { Problem } from './problem.ts'
import { LineIndex } from './text-position.ts'

/** Parses JSON with comments and trailing commas. Never throws. */
export function parseJson(text: string, file: string): ConfigDocument {
  const lines = new LineIndex(text)
  const at = (offset: number) => ({ file, ...lines.positionAt(offset) })
  const failed = (problems: readonly Problem[]): ConfigDocument => ({
    file,
    value: undefined,
    problems,
    locate: () => ({ line: 1, column: 1 }),
  })
  const tooDeep = offsetOfDepth(text, deepestNesting)
  if (tooDeep !== undefined)
    return failed([{ severity: 'error', message: nestedTooDeep, ...at(tooDeep) }])
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true })
  const problems = syntaxProblems(text, errors, lines, file)
  if (problems.length > 0) return failed(problems)
  if (root === undefined) {
    return failed([
      { severity: 'error', message: 'the file is empty: expected an object', ...at(0) },
    ])
  }
  const duplicates: Problem[] = []
  const value = toValue(root, [], text, (path, offset) =>
    duplicates.push({
      severity: 'error',
      message: `${formatPath(path)} stands twice`,
      hint: 'Remove one of the two.',
      ...at(offset),
    }),
  )
  return {
    file,
    value,
    problems: duplicates,
    locate: (path, part = 'value') => {
      const offset = offsetOf(root, path, part === 'key' ? 'key' : 'value')
      const isQuoted = part === 'text' && text[offset] === '"'
      return lines.positionAt(isQuoted ? offset + 1 : offset)
    },
  }
}

/** One problem a line, and none that only follows from the one before. */
function syntaxProblems(
  text: string,
  errors: readonly ParseError[],
  lines: LineIndex,
  file: string,
): Problem[] {
  const problems: Problem[] = []
  let lastLine = 0
  let lastEnd = 0
  for (const error of [...errors].sort((a, b) => a.offset - b.offset)) {
    const position = lines.positionAt(error.offset)
    const code = printParseErrorCode(error.error)
    const closing = code === 'CloseBraceExpected' || code === 'CloseBracketExpected'
    const follows =
      position.line === lastLine ||
      (closing && lastLine > 0) ||
      (lastLine > 0 && text.slice(lastEnd, error.offset).trim() === '')
    lastEnd = error.offset + error.length
    if (follows) continue
    lastLine = position.line
    const found = text.slice(error.offset, error.offset + Math.min(error.length, 40)).trimEnd()
    const shown = found !== '' && isNearSecret(text, error.offset) ? undefined : found
    const message = placeMessage(text, error.offset) ?? jsonSyntaxMessage(code, shown)
    problems.push({ severity: 'error', message, file, ...position })
  }
  return problems
}

/** Mistakes that show better in the text around the place than in the parser's error. */
function placeMessage(text: string, offset: number): string | undefined {
  const parameter = /^\$[{[][^\n}\]]*[}\]]/.exec(text.slice(offset, offset + 80))?.[0]
  if (parameter !== undefined) return `a parameter has to stand in double quotes: "${parameter}"`
  if (text[offset] !== ',') return undefined
  const before = text.slice(0, offset).trimEnd().at(-1)
  if (before === ',') return 'two commas in a row: expected a key or a value between them'
  if (before === '{' || before === '[') return `expected a value after "${before}", found ","`
  return undefined
}

/** Offset of the first bracket deeper than `limit`; the parser is recursive and would overflow the stack. */
function offsetOfDepth(text: string, limit: number): number | undefined {
  let depth = 0
  const tokens = /"(?:[^"\\\n]|\\.)*"?|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[[\]{}]/g
  for (const match of text.matchAll(tokens)) {
    const token = match[0]
    if (token === '{' || token === '[') depth += 1
    else if (token === '}' || token === ']') depth -= 1
    if (depth > limit) return match.index
  }
  return undefined
}

function toValue(
  node: Node,
  path: ConfigPath,
  text: string,
  onDuplicate: (path: ConfigPath, offset: number) => void,
): unknown {
  if (node.type === 'array') {
    return (node.children ?? []).map((child, index) =>
      toValue(child, [...path, index], text, onDuplicate),
    )
  }
  if (node.type === 'object') return toObject(node, path, text, onDuplicate)
  if (node.type === 'number')
    return numberOrDigits(text.slice(node.offset, node.offset + node.length))
  return node.value as unknown
}

function toObject(
  node: Node,
  path: ConfigPath,
  text: string,
  onDuplicate: (path: ConfigPath, offset: number) => void,
): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children ?? []
    if (keyNode === undefined) continue
    const key = String(keyNode.value)
    const keyPath = [...path, key]
    if (Object.hasOwn(object, key)) onDuplicate(keyPath, keyNode.offset)
    const value =
      valueNode === undefined ? undefined : toValue(valueNode, keyPath, text, onDuplicate)
    Object.defineProperty(object, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return object
}

/** A number as it is, or its text when it is an integer that a number would round. */
export function numberOrDigits(literal: string): number | string {
  const number = Number(literal)
  return /^[+-]?\d+$/.test(literal) && !Number.isSafeInteger(number) ? literal : number
}

function offsetOf(root: Node, path: ConfigPath, part: 'value' | 'key'): number {
  let node = root
  let offset = root.offset
  for (const [depth, step] of path.entries()) {
    const isLast = depth === path.length - 1
    if (node.type === 'array' && typeof step === 'number') {
      const child = node.children?.[step]
      if (child === undefined) return offset
      node = child
    } else if (node.type === 'object') {
      // The last one counts when a key stands twice, as it does for the value.
      const property = node.children?.findLast((child) => child.children?.[0]?.value === step)
      const [keyNode, valueNode] = property?.children ?? []
      if (keyNode === undefined) return offset
      if (valueNode === undefined || (isLast && part === 'key')) return keyNode.offset
      node = valueNode
    } else {
      return offset
    }
    offset = node.offset
  }
  return offset
}
