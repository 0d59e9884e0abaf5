import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'

/** @typedef {import('./collect-examples.mjs').DocExample} DocExample */

/** @type {ts.CompilerOptions} */
const options = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ['node'],
  strict: true,
  // Code for JavaScript has no types of parameters.
  noImplicitAny: false,
  allowJs: true,
  checkJs: true,
  noEmit: true,
  skipLibCheck: true,
}

/**
 * Compiles examples as files of the checkout; those that have names can import one another. What they name of the packages, and do not import themselves, is imported for them.
 *
 * @param {string} root the checkout, built
 * @param {readonly DocExample[]} examples
 * @param {Readonly<Record<string, string>>} modules the hand-written list of exports (`src/plugin/index.ts`) by module
 * @returns {string[]} one line per mistake: `file:line: message`
 */
export function compileExamples(root, examples, modules) {
  const exported = Object.entries(modules).map(
    ([module, file]) => /** @type {const} */ ([module, exportedNames(join(root, file))]),
  )
  const files = new Map(
    examples.map((example, index) => [join(root, placeOf(example, index)), example]),
  )
  const folders = new Set([...files.keys()].map((file) => dirname(file)))
  const host = ts.createCompilerHost(options)
  const fileExists = host.fileExists.bind(host)
  const readFile = host.readFile.bind(host)
  const directoryExists = host.directoryExists?.bind(host)
  host.directoryExists = (folder) => folders.has(folder) || directoryExists?.(folder) === true
  host.fileExists = (file) => files.has(file) || fileExists(file)
  host.readFile = (file) => {
    const example = files.get(file)
    return example === undefined ? readFile(file) : textOf(example, exported)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => describe(diagnostic, files))
}

/**
 * Where an example is compiled; those of a page that are files stand in a folder of their own.
 *
 * @param {DocExample} example
 * @param {number} index
 */
function placeOf({ file, name }, index) {
  return name === undefined ? `doc-example-${index}.ts` : join('doc-examples', file, name)
}

/**
 * One line of imports, then the code; that of a file has all imports it needs.
 *
 * @param {DocExample} example
 * @param {readonly (readonly [string, readonly string[]])[]} exported
 */
function textOf({ code, name }, exported) {
  // A file stands for itself.
  if (name !== undefined) return `\n${code}`
  const own = [...code.matchAll(/^import\b[\s\S]*?\bfrom\b/gm)].join(' ')
  const isUsed = (/** @type {string} */ name) => {
    const word = new RegExp(`\\b${name}\\b`)
    return word.test(code) && !word.test(own)
  }
  const imports = exported.map(
    ([module, names]) => `import { ${names.filter(isUsed).join(', ')} } from '${module}';`,
  )
  return `${imports.join(' ')}\n${code}`
}

/** @param {string} file that exports by lists alone */
function exportedNames(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2023)
  return source.statements.flatMap((statement) => {
    if (!ts.isExportDeclaration(statement) || statement.exportClause === undefined) return []
    if (ts.isNamespaceExport(statement.exportClause)) return [statement.exportClause.name.text]
    return statement.exportClause.elements.map(({ name }) => name.text)
  })
}

/**
 * @param {ts.Diagnostic} diagnostic
 * @param {ReadonlyMap<string, DocExample>} files
 */
function describe({ file, start = 0, messageText }, files) {
  const message = ts.flattenDiagnosticMessageText(messageText, '\n')
  const example = file && files.get(file.fileName)
  if (file === undefined || example === undefined) return message
  const { line } = file.getLineAndCharacterOfPosition(start)
  return `${example.file}:${example.line + line - 1}: ${message}`
}
