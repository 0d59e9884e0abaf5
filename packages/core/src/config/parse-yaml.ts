import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLError,
} from 'yaml'
import type { ConfigDocument } from './config-document.ts'
import type { ConfigPath } from './config-path.ts'
import type { Problem } from './problem.ts'
import type { TextPosition } from './text-position.ts'

/** Parses YAML 1.2 (one document). Never throws. */
export function parseYaml(text: string, file: string): ConfigDocument {
  const lines = new LineCounter()
  const positionAt = (offset: number): TextPosition => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const failed = (problems: readonly Problem[]): ConfigDocument => ({
    file,
    value: undefined,
    problems,
    locate: () => ({ line: 1, column: 1 }),
  })
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      intAsBigInt: true,
      stringKeys: false,
    })
    const problems = document.errors.map((error) => syntaxProblem(error, file, positionAt))
    if (problems.length > 0) return failed(problems)
    if (document.contents === null) {
      const message = 'the file is empty: expected an object'
      return failed([{ severity: 'error', message, file, line: 1, column: 1 }])
    }
    return {
      file,
      value: plainNumbers(document.toJS({ maxAliasCount: 100 })),
      problems: [],
      locate: (path, part = 'value') => positionAt(offsetOf(document, path, part)),
    }
  } catch (error) {
    // Too many aliases, or nesting that overflows the parser.
    const message = `cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}`
    return failed([{ severity: 'error', message, file, line: 1, column: 1 }])
  }
}

function syntaxProblem(
  error: YAMLError,
  file: string,
  positionAt: (offset: number) => TextPosition,
): Problem {
  const [offset] = error.pos
  const duplicate = error.code === 'DUPLICATE_KEY'
  return {
    severity: 'error',
    message: duplicate ? 'a key stands twice in this object' : yamlMessage(error),
    ...(duplicate ? { hint: 'Remove one of the two.' } : {}),
    file,
    ...positionAt(offset),
  }
}

function yamlMessage(error: YAMLError): string {
  if (error.code === 'TAB_AS_INDENT')
    return 'expected spaces, found a tab: YAML is indented with spaces'
  if (error.code === 'MULTIPLE_DOCS') return 'expected one document, found another after "---"'
  return `cannot be read as YAML: ${error.message}`
}

function plainNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : String(value)
  }
  if (Array.isArray(value)) return value.map(plainNumbers)
  if (typeof value !== 'object' || value === null) return value
  const object: Record<string, unknown> = {}
  for (const [key, child] of Object.entries(value)) {
    Object.defineProperty(object, key, {
      value: plainNumbers(child),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return object
}

function offsetOf(document: Document.Parsed, path: ConfigPath, part: 'value' | 'key'): number {
  let node: Node | null | undefined = document.contents
  let offset = node?.range?.[0] ?? 0
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document)
    let child: unknown
    if (isSeq(node) && typeof step === 'number') child = node.items[step]
    else if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === step)
      if (pair === undefined) return offset
      const keyOffset = (pair.key as Node).range?.[0] ?? offset
      if (depth === path.length - 1 && part === 'key') return keyOffset
      child = pair.value
      offset = keyOffset
    }
    const found = child as Node | null | undefined
    if (found === null || found === undefined) return offset
    node = found
    offset = found.range?.[0] ?? offset
  }
  return offset
}
