import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
  type Document,
  type Node,
  type YAMLError,
} from 'yaml'
import type { ConfigDocument } from './config-document.ts'
import type { ConfigPath } from './config-path.ts'
import { isNearSecret } from './describe-value.ts'
import { messageOf } from './issue-message.ts'
import { deepestNesting, nestedTooDeep } from './nesting.ts'
import type { ProblemText } from './problem-list.ts'
import type { Problem } from './problem.ts'
import { LineIndex } from './text-position.ts'
import { aliasProblems } from './yaml-aliases.ts'
import { offsetOfDepth } from './yaml-nesting.ts'

const maxSyntaxProblems = 10

/** Something wrong with the text, at an offset of it. */
interface TextProblem extends ProblemText {
  readonly offset: number
}

/** Parses YAML 1.2 (one document). Never throws. */
export function parseYaml(text: string, file: string): ConfigDocument {
  const lines = new LineIndex(text)
  const parsed = parseText(text)
  if (!Array.isArray(parsed)) {
    const { document, value } = parsed
    const locate: ConfigDocument['locate'] = (path, part = 'value') =>
      lines.positionAt(
        part === 'text' ? textOffsetOf(document, path, text) : offsetOf(document, path, part),
      )
    return { file, value, problems: [], locate }
  }
  const problems = parsed.map(({ offset, message, hint }): Problem => ({
    severity: 'error',
    message,
    ...(hint === undefined ? {} : { hint }),
    file,
    ...lines.positionAt(offset),
  }))
  return {
    file,
    value: undefined,
    problems: withoutFollowing(problems),
    locate: () => ({ line: 1, column: 1 }),
  }
}

/** One problem a line, and few of them: the parser goes on to complain of everything behind a mistake. */
function withoutFollowing(problems: readonly Problem[]): readonly Problem[] {
  const lines = new Set<number | undefined>()
  return problems
    .filter(({ line }) => !lines.has(line) && lines.add(line))
    .slice(0, maxSyntaxProblems)
}

function parseText(text: string): { document: Document.Parsed; value: unknown } | TextProblem[] {
  const tooDeep = offsetOfDepth(text)
  if (tooDeep !== undefined) return [{ offset: tooDeep, message: nestedTooDeep }]
  const document = parseDocument(text, {
    prettyErrors: false,
    intAsBigInt: true,
    stringKeys: true,
  })
  const problems = [
    ...document.errors.map((error) => syntaxProblem(error, text)),
    ...aliasProblems(document),
  ]
  if (problems.length > 0) return problems
  if (document.contents === null)
    return [{ offset: 0, message: 'the file is empty: expected an object' }]
  try {
    return { document, value: plainValue(document.toJS({ maxAliasCount: 100 }), 0) }
  } catch (error) {
    return [aliasOverflow(error, text)]
  }
}

function syntaxProblem(error: YAMLError, text: string): TextProblem {
  const [offset] = error.pos
  if (error.code !== 'DUPLICATE_KEY') return { offset, message: yamlMessage(error, text) }
  const hint = 'Remove one of the two.'
  return { offset, message: 'a key stands twice in this object', hint }
}

function yamlMessage(error: YAMLError, text: string): string {
  if (error.code === 'TAB_AS_INDENT')
    return 'expected spaces, found a tab: YAML is indented with spaces'
  if (error.code === 'NON_STRING_KEY') return 'expected a text as key, found something else'
  if (error.code === 'MULTIPLE_DOCS') return 'expected one document, found another after "---"'
  // The parser's messages may quote what stands there.
  return isNearSecret(text, error.pos[0])
    ? 'cannot be read as YAML here; put the text in quotes'
    : `cannot be read as YAML: ${error.message}`
}

/** What becomes of a document whose text is well formed, and whose aliases (or merge keys) are not. */
function aliasOverflow(error: unknown, text: string): TextProblem {
  const offset = Math.max(text.search(/(?<=[\s[{,:])\*/), 0)
  if (!(error instanceof ReferenceError || error instanceof RangeError))
    return { offset, message: `cannot be read as YAML: ${messageOf(error)}` }
  const hint = 'Write out what the aliases (*name) stand for.'
  return { offset, message: 'the aliases stand for more than a file may hold', hint }
}

/**
 * The value with integers as numbers where those hold them.
 *
 * @throws RangeError when aliases nest it deeper than files may be
 */
function plainValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : String(value)
  }
  if (typeof value !== 'object' || value === null) return value
  if (depth > deepestNesting) throw new RangeError(nestedTooDeep)
  if (Array.isArray(value)) return value.map((item) => plainValue(item, depth + 1))
  const object: Record<string, unknown> = {}
  for (const [key, child] of Object.entries(value)) {
    Object.defineProperty(object, key, {
      value: plainValue(child, depth + 1),
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

/** Of the first character of a text: behind its quote, or in the lines of its block. */
function textOffsetOf(document: Document.Parsed, path: ConfigPath, text: string): number {
  const offset = offsetOf(document, path, 'value')
  if (/["']/.test(text.charAt(offset))) return offset + 1
  const block = /^[|>][^\r\n]*[\r\n]\s*/.exec(text.slice(offset))
  return offset + (block?.[0].length ?? 0)
}
