import fc from 'fast-check'
import { stringify } from 'yaml'
import { jobCorpus } from './job-corpus.ts'
import { applyEdits, textOf, treeOf, type TreeEdit } from './job-tree.ts'

/** A file as it lies on the disk. */
export interface MutatedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** A change to the text of a file; places are parts of its length. */
type TextEdit =
  | { readonly kind: 'truncate'; readonly at: number }
  | { readonly kind: 'insert'; readonly at: number; readonly text: string }
  | { readonly kind: 'cut' | 'repeat'; readonly at: number; readonly length: number }
  | { readonly kind: 'prepend' | 'append'; readonly text: string }
  | { readonly kind: 'lineEnds'; readonly text: string }

const oddKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  '~standard',
  '',
  ' ',
  '😀',
  'k\u0000',
  'a.b[0]',
  '<<',
  'steps',
  'job',
  'plugins',
  'parameter',
  'datasource',
  'querysql',
  'splitPK',
  'x'.repeat(5000),
]

const oddLiterals = [
  'null',
  'true',
  '0',
  '-1',
  '-0',
  '1.5',
  '1e400',
  '-1e400',
  '1e-400',
  '9007199254740993',
  `1${'0'.repeat(400)}`,
  '2147483648',
  '""',
  '" "',
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u001b[31m\\u009b2J"',
  '"😀"',
  '"NaN"',
  '"Infinity"',
  '"${x}"',
  '"$[yyyymmdd+99999999999999999999]"',
  '"${__proto__}"',
  '"$[add_months(yyyymmdd,999999999)]"',
  '"../../x"',
  '"stream/../../x"',
  '"node:fs"',
  '"file:///etc/passwd"',
  '"https://127.0.0.1/x.js"',
  '"%"',
  '"((((((((((a+)+)+)+)+)+)+)+)+)+$"',
  '"x..y"',
  '"`"',
  '"\\"a"',
  '"demo; DROP TABLE demo"',
  '"*"',
  '"1 = 1) OR (1 = 1"',
  '"t_[0-999999999999]"',
  '"[0-1][0-1][0-1]"',
  '"redis://127.0.0.1:1"',
  '"redis://%zz"',
  '"mysql://127.0.0.1:1/x"',
  '"unix:///nowhere"',
  '"#{"',
  '"#{}"',
  '"#{__proto__}"',
  '"yyyy\'"',
  '"lpush|rpush"',
  '"__proto__"',
  '"constructor"',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"__proto__": {"x": 1}}',
  '{"a": {"b": [{}]}}',
  '["a", 1, null, {}]',
  JSON.stringify('x'.repeat(100_000)),
  `[${'0,'.repeat(5000)}0]`,
]

const oddTexts = [
  '"',
  '""',
  "'",
  '\\',
  '\\u12',
  '{',
  '}',
  '[',
  ']',
  ',',
  ',,',
  ':',
  ': ',
  '//',
  '/*',
  '*/',
  '#',
  '\t',
  '\r',
  '\n',
  '\n\n',
  '\n- ',
  '\n  ',
  '\u0000',
  '\u0007',
  '\u001b[31m',
  '\u007f',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '\ud800',
  '“x”',
  'é',
  '😀',
  '東京',
  'NaN',
  '.nan',
  '-.inf',
  '0x1F',
  '0o17',
  '1_000',
  'True',
  'None',
  '${x}',
  '$[yyyymmdd',
  ' & ',
  '&a ',
  '*a',
  '*a ',
  '*nowhere',
  '<<: *a\n',
  '!!binary "AAAA" ',
  '!!set ',
  '!!timestamp ',
  '!!js/function ',
  '!<tag:x,2000:y> ',
  '!x!y ',
  '| \n',
  '>-\n',
  '? ',
  '---\n',
  '...\n',
  '%YAML 1.1\n---\n',
  '%TAG ! tag:x,2000:\n---\n',
  '@',
  '`',
  '['.repeat(199),
  '&a [*a]',
  '&a {x: *a}',
  'x: &x [1]\n',
  aliasBomb(),
]

/** Texts that take a careless parser long, or overflow its stack. */
const longTexts = [
  '['.repeat(5000),
  '{"a":'.repeat(5000),
  '/*'.repeat(5000),
  '"'.repeat(5001),
  '- '.repeat(3000),
  '? '.repeat(3000),
  '!'.repeat(5000),
  '&'.repeat(5000),
  '://'.repeat(5000),
  ' '.repeat(20_000),
  '\n'.repeat(20_000),
  'x'.repeat(50_000),
  aliasChain(),
]

/** Aliases that each stand for little, nested very deep. */
function aliasChain(): string {
  const levels = Array.from(
    { length: 3000 },
    (_, level) => `c${level + 1}: &c${level + 1} [*c${level}]`,
  )
  return `c0: &c0 [x]\n${levels.join('\n')}\n`
}

function aliasBomb(): string {
  const levels = Array.from(
    { length: 12 },
    (_, level) => `b${level + 1}: &b${level + 1} [${`*b${level}, `.repeat(9)}*b${level}]\n`,
  )
  return `b0: &b0 [x]\n${levels.join('')}`
}

const place = fc.nat(1_000_000)

const treeEdit: fc.Arbitrary<TreeEdit> = fc.oneof(
  fc.record({ kind: fc.constantFrom('delete', 'duplicate', 'retype'), at: place }),
  fc.record({ kind: fc.constant('rename'), at: place, key: fc.constantFrom(...oddKeys) }),
  fc.record({
    kind: fc.constantFrom('replace', 'add'),
    at: place,
    text: fc.constantFrom(...oddLiterals),
  }),
  fc.record({ kind: fc.constant('swap'), at: place, other: place }),
  fc.record({
    kind: fc.constant('nest'),
    at: place,
    depth: fc.constantFrom(1, 1, 2, 3, 50, 150, 190, 201, 300, 10_000),
  }),
)

const oddText = fc.oneof(
  { weight: 80, arbitrary: fc.constantFrom(...oddTexts) },
  { weight: 17, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  { weight: 3, arbitrary: fc.constantFrom(...longTexts) },
)

const textEdit: fc.Arbitrary<TextEdit> = fc.oneof(
  fc.record({ kind: fc.constant('truncate'), at: place }),
  fc.record({ kind: fc.constant('insert'), at: place, text: oddText }),
  fc.record({ kind: fc.constant('insert'), at: place, text: oddText }),
  fc.record({
    kind: fc.constantFrom('cut', 'repeat'),
    at: place,
    length: fc.constantFrom(1, 1, 2, 10, 100, 1000),
  }),
  fc.record({ kind: fc.constantFrom('prepend', 'append'), text: oddText }),
  fc.record({ kind: fc.constant('lineEnds'), text: fc.constantFrom('\r\n', '\r', '\u2028') }),
)

type Encoding = (text: string) => Uint8Array

const encodings: readonly Encoding[] = [
  (text) => Buffer.from(`\ufeff${text}`),
  (text) => Buffer.from(`\ufeff\ufeff${text}`),
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  (text) => Buffer.from(text, 'utf16le'),
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le').subarray(0, -1),
  (text) => Buffer.from(text, 'latin1'),
  (text) => Buffer.concat([Buffer.from(text.slice(0, 40)), Buffer.from([0xff, 0xc3, 0x28])]),
  (text) => Buffer.concat([Buffer.from(text.slice(0, 99)), Buffer.alloc(100)]),
]

const encoding = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Encoding>((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.constantFrom(...encodings) },
)

/** A file of the corpus with its content, text and encoding changed, or some of them. */
export function mutatedFile(
  corpus: readonly { readonly text: string; readonly value: unknown }[],
  names: readonly string[],
): fc.Arbitrary<MutatedFile> {
  return fc
    .record({
      name: fc.constantFrom(...names),
      at: fc.nat(corpus.length - 1),
      isBlock: fc.integer({ min: 0, max: 3 }).map((one) => one === 3),
      treeEdits: fc.oneof(
        fc.array(treeEdit, { maxLength: 1 }),
        fc.array(treeEdit, { minLength: 1, maxLength: 4 }),
      ),
      textEdits: fc.oneof(
        { weight: 2, arbitrary: fc.constant<TextEdit[]>([]) },
        { weight: 1, arbitrary: fc.array(textEdit, { minLength: 1, maxLength: 3 }) },
      ),
      encoding,
    })
    .map(({ name, at, isBlock, treeEdits, textEdits, encoding }) => {
      const base = corpus[at] ?? { text: '', value: {} }
      const text = textEdits.reduce(editText, baseText(base, treeEdits, name, isBlock))
      return { name, bytes: encoding(text) }
    })
}

/** Mutated job files of these names, whose endings say their format. */
export function mutatedJob(names: readonly string[]): fc.Arbitrary<MutatedFile> {
  return mutatedFile(jobCorpus(), names)
}

function baseText(
  base: { readonly text: string; readonly value: unknown },
  edits: readonly TreeEdit[],
  name: string,
  isBlock: boolean,
): string {
  const isYaml = /ya?ml$/.test(name)
  if (edits.length === 0 && !isYaml) return base.text
  const tree = treeOf(base.value)
  applyEdits(tree, edits)
  const text = textOf(tree)
  return isYaml && isBlock ? inBlocks(text) : text
}

/** As YAML in block style, where the text is JSON still. */
function inBlocks(text: string): string {
  try {
    return stringify(JSON.parse(text))
  } catch {
    return text
  }
}

function editText(text: string, edit: TextEdit): string {
  switch (edit.kind) {
    case 'prepend':
      return edit.text + text
    case 'append':
      return text + edit.text
    case 'lineEnds':
      return text.replaceAll('\n', edit.text)
    case 'truncate':
      return text.slice(0, edit.at % (text.length + 1))
    case 'insert':
    case 'cut':
    case 'repeat':
      return editPlace(text, edit)
  }
}

function editPlace(
  text: string,
  edit: Extract<TextEdit, { readonly kind: 'insert' | 'cut' | 'repeat' }>,
): string {
  const at = edit.at % (text.length + 1)
  const [before, after] = [text.slice(0, at), text.slice(at)]
  if (edit.kind === 'insert') return before + edit.text + after
  if (edit.kind === 'cut') return before + after.slice(edit.length)
  return before + after.slice(0, edit.length) + after
}
