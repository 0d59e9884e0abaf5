import { relative, sep } from 'node:path'
import ts from 'typescript'

/**
 * An entry point of a package: what is imported, and the declarations behind it.
 *
 * @typedef {object} EntryPoint
 * @property {string} name `@millrace/core/plugin`
 * @property {string} file absolute path of its `.d.ts`
 */

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed })

/**
 * Everything that entry points export, as text that changes when and only when the surface does: declarations without comments and
 * bodies, by name. Declarations that are named there and exported nowhere follow behind.
 *
 * @param {readonly EntryPoint[]} entryPoints
 * @param {string} folder of the declarations: those outside belong to somebody else, and are only named
 * @returns {Map<string, string>} text by name of the entry point
 */
export function publicSurfaces(entryPoints, folder) {
  const program = ts.createProgram(
    entryPoints.map(({ file }) => file),
    {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      // Names are looked up, types are not computed: nothing of the language's own library is needed.
      noLib: true,
      types: [],
    },
  )
  const surface = new Surface(program, folder)
  const exported = new Map(entryPoints.map(({ name, file }) => [name, surface.exportsOf(file)]))
  const everywhere = new Set([...exported.values()].flatMap((symbols) => [...symbols.values()]))
  return new Map(
    [...exported].map(([name, symbols]) => [name, surface.describe(name, symbols, everywhere)]),
  )
}

class Surface {
  #program
  #checker
  #folder

  /**
   * @param {ts.Program} program
   * @param {string} folder
   */
  constructor(program, folder) {
    this.#program = program
    this.#checker = program.getTypeChecker()
    this.#folder = folder
  }

  /**
   * @param {string} file
   * @returns {Map<string, ts.Symbol>} what stands behind each exported name
   */
  exportsOf(file) {
    const source = this.#program.getSourceFile(file)
    const module = source && this.#checker.getSymbolAtLocation(source)
    if (module === undefined) throw new Error(`${file} is no module: build first (npm run build)`)
    return new Map(
      this.#checker
        .getExportsOfModule(module)
        .map((symbol) => /** @type {const} */ ([symbol.name, this.#target(symbol)]))
        .sort(([left], [right]) => (left < right ? -1 : 1)),
    )
  }

  /**
   * @param {string} name
   * @param {Map<string, ts.Symbol>} symbols
   * @param {ReadonlySet<ts.Symbol>} everywhere what this and other entry points export
   */
  describe(name, symbols, everywhere) {
    const described = [...symbols].map(([exportedName, symbol]) =>
      this.#textOf(exportedName, symbol),
    )
    const hidden = this.#hiddenBehind([...symbols.values()], everywhere)
      .map((symbol) => this.#textOf(symbol.name, symbol))
      .sort()
    const parts = [`# ${name}`, ...described]
    if (hidden.length > 0) parts.push('# named above, and not exported', ...hidden)
    return `${parts.join('\n\n')}\n`
  }

  /** @param {ts.Symbol} symbol */
  #target(symbol) {
    return symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol
  }

  /**
   * @param {string} name
   * @param {ts.Symbol} symbol
   */
  #textOf(name, symbol) {
    const declarations = symbol.declarations ?? []
    const own = declarations.filter((declaration) => this.#isOwn(declaration))
    if (own.length === 0)
      return `${name}: of ${packageOf(declarations[0]?.getSourceFile().fileName)}`
    const texts = own.map((declaration) => textOf(declaration))
    return symbol.name === name ? texts.join('\n') : `${name}:\n${texts.join('\n')}`
  }

  /**
   * What declarations name that nobody can import by name, and what those name in turn.
   *
   * @param {readonly ts.Symbol[]} symbols
   * @param {ReadonlySet<ts.Symbol>} everywhere
   */
  #hiddenBehind(symbols, everywhere) {
    /** @type {Set<ts.Symbol>} */
    const hidden = new Set()
    const waiting = [...symbols]
    for (let symbol = waiting.pop(); symbol !== undefined; symbol = waiting.pop()) {
      for (const named of this.#namedBy(symbol)) {
        if (everywhere.has(named) || hidden.has(named)) continue
        hidden.add(named)
        waiting.push(named)
      }
    }
    return [...hidden]
  }

  /** @param {ts.Symbol} symbol */
  #namedBy(symbol) {
    /** @type {ts.Symbol[]} */
    const named = []
    const visit = (/** @type {ts.Node} */ node) => {
      if (ts.isIdentifier(node)) {
        const found = this.#checker.getSymbolAtLocation(node)
        const target = found && this.#target(found)
        if (target?.declarations?.some((one) => this.#isOwn(one) && isTopLevel(one)))
          named.push(target)
      }
      ts.forEachChild(node, visit)
    }
    for (const declaration of symbol.declarations ?? [])
      if (this.#isOwn(declaration) && !ts.isSourceFile(declaration)) visit(declaration)
    return named
  }

  /** @param {ts.Node} node */
  #isOwn(node) {
    const path = relative(this.#folder, node.getSourceFile().fileName)
    return !path.startsWith('..') && !path.split(sep).includes('node_modules')
  }
}

/** @param {ts.Node} node */
function isTopLevel(node) {
  const statement = ts.isVariableDeclaration(node) ? node.parent.parent : node
  return statement.parent !== undefined && ts.isSourceFile(statement.parent)
}

/** @param {ts.Declaration} declaration */
function textOf(declaration) {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  return printer.printNode(ts.EmitHint.Unspecified, node, declaration.getSourceFile()).trim()
}

/** @param {string | undefined} file */
function packageOf(file = '') {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? file
}
