import { PluginError } from '@millrace/core/plugin'
import {
  ExpressionFailure,
  ExpressionSyntaxError,
  type ExpressionProgram,
  type Language,
  type RdiRecord,
  type RdiValue,
} from '../model/expression.ts'
import type { Expression } from '../model/table-job.ts'
import { showValue, isFields } from '../record/cell-of-value.ts'
import { reads } from '../record/mentioned-names.ts'
import type { ExpressionCompiler } from './expression-compiler.ts'
import type { RecordSet } from './record-set.ts'

/** What expressions gave: by expression, then by record. */
export type Evaluated = readonly (readonly (RdiValue | ExpressionFailure)[])[]

/** An expression reads a field that the source did not send, as with large values that did not change: it has no value. */
export class AbsentValue extends ExpressionFailure {
  constructor(name: string) {
    super(
      `the source did not send ${name} with this change; PostgreSQL does with REPLICA IDENTITY FULL, MongoDB with changeStreamPreAndPostImages`,
    )
  }
}

/** What expressions may find in the records of a table. */
export interface ExpressionFields {
  /** All of them, by the names that records or the images in them have. */
  readonly names: readonly string[]
  /** Those whose numbers are floating-point, as expressions name them. */
  readonly realFields: readonly string[]
  /** Told of the names that an expression reads, to compare them with the fields there are. */
  readonly onRead?: (expression: Expression, names: readonly string[]) => void
}

/** Compiles expressions, each set of them once whatever the number of tables. */
export class ProgramCache {
  readonly #compiler: ExpressionCompiler
  readonly #programs = new Map<string, Promise<ExpressionProgram>>()
  /** By language and text. */
  readonly #names = new Map<string, readonly string[]>()

  constructor(compiler: ExpressionCompiler) {
    this.#compiler = compiler
  }

  /**
   * Expressions of any language that are evaluated together, in the order given.
   *
   * @throws PluginError CONFIG_INVALID for one that is not valid
   */
  async compile(
    expressions: readonly Expression[],
    { names, realFields, onRead }: ExpressionFields,
  ): Promise<ExpressionSet> {
    const parts: ExpressionPart[] = []
    for (const language of ['jmespath', 'sql'] as const) {
      const indexes = expressions.flatMap((one, index) =>
        one.language === language ? [index] : [],
      )
      if (indexes.length === 0) continue
      const chosen = indexes.map((index) => expressions[index] as Expression)
      parts.push({ indexes, program: await this.#program(language, chosen, realFields) })
    }
    if (onRead !== undefined)
      for (const expression of expressions) onRead(expression, await this.#namesOf(expression))
    const readNames = expressions.map((one) => names.filter((name) => reads(one, name)))
    return new ExpressionSet(readNames, parts)
  }

  /** Lets go of all programs. */
  async close(): Promise<void> {
    for (const program of await Promise.allSettled(this.#programs.values()))
      if (program.status === 'fulfilled') program.value.close()
    this.#programs.clear()
  }

  async #namesOf({ language, text }: Expression): Promise<readonly string[]> {
    const id = `${language} ${text}`
    const known = this.#names.get(id)
    if (known !== undefined) return known
    const names = await this.#compiler.namesOf(language, text)
    this.#names.set(id, names)
    return names
  }

  async #program(
    language: Language,
    expressions: readonly Expression[],
    realFields: readonly string[],
  ): Promise<ExpressionProgram> {
    const texts = expressions.map(({ text }) => text)
    const id = JSON.stringify([language, texts, language === 'sql' ? realFields : []])
    let program = this.#programs.get(id)
    if (program === undefined) {
      program = this.#compile(language, texts, realFields)
      this.#programs.set(id, program)
    }
    try {
      return await program
    } catch (error) {
      this.#programs.delete(id)
      throw await this.#mistake(error, expressions, realFields)
    }
  }

  async #compile(language: Language, texts: readonly string[], realFields: readonly string[]) {
    return await this.#compiler.compile(language, texts, { realFields })
  }

  /** Finds out which of the expressions is the wrong one. */
  async #mistake(
    error: unknown,
    expressions: readonly Expression[],
    realFields: readonly string[],
  ): Promise<unknown> {
    if (!(error instanceof ExpressionSyntaxError)) return error
    for (const expression of expressions) {
      try {
        const { language, text } = expression
        ;(await this.#compile(language, [text], realFields)).close()
      } catch (single) {
        return single instanceof ExpressionSyntaxError ? invalid(expression, single) : single
      }
    }
    return error
  }
}

/** What is wrong with an expression, without its place in the file. */
export function syntaxMessage(
  { language, text }: Expression,
  error: ExpressionSyntaxError,
): string {
  const where = error.offset === undefined ? '' : ` (at character ${error.offset + 1})`
  const name = language === 'sql' ? 'SQL' : 'JMESPath'
  return `${JSON.stringify(text)} is no valid ${name} expression${where}: ${error.message}`
}

function invalid(expression: Expression, error: ExpressionSyntaxError): PluginError {
  return new PluginError({
    code: 'CONFIG_INVALID',
    message: `${expression.place}: ${syntaxMessage(expression, error)}`,
    hint: 'Correct the expression in the job file.',
    cause: error,
  })
}

interface ExpressionPart {
  /** Of its expressions in the set. */
  readonly indexes: readonly number[]
  readonly program: ExpressionProgram
}

/** Compiled expressions of one place of a job. */
export class ExpressionSet {
  /** By expression: the fields it reads. */
  readonly #readNames: readonly (readonly string[])[]
  readonly #parts: readonly ExpressionPart[]

  constructor(readNames: readonly (readonly string[])[], parts: readonly ExpressionPart[]) {
    this.#readNames = readNames
    this.#parts = parts
  }

  /** Evaluates all of them over the records; never throws for a record. */
  evaluate(set: RecordSet): Evaluated {
    const results: (RdiValue | ExpressionFailure)[][] = this.#readNames.map(() => [])
    for (const { indexes, program } of this.#parts)
      for (const [at, values] of program.evaluate(set.records).entries())
        results[indexes[at] as number] = values
    if (set.hasAbsent) this.#markAbsent(set.records, results)
    return results
  }

  /** The values that one of the expressions, by its number, read from a record, for the dirty file: `(name is the text "Ida")`. */
  valuesRead(at: number, record: RdiRecord | undefined): string {
    return describeRead(this.#readNames[at] ?? [], record)
  }

  #markAbsent(
    records: readonly RdiRecord[],
    results: readonly (RdiValue | ExpressionFailure)[][],
  ): void {
    for (const [at, names] of this.#readNames.entries())
      for (const [index, record] of records.entries()) {
        const absent = names.find((name) => isAbsent(record, name))
        const values = results[at]
        if (absent !== undefined && values) values[index] = new AbsentValue(absent)
      }
  }
}

/** How many values a message shows; each of them is cut where it is long. */
const maxShownValues = 3

/** The values of these fields, wherever the record has them, for the dirty file; empty when it has none. */
export function describeRead(names: readonly string[], record: RdiRecord | undefined): string {
  const shown = names.flatMap((name) => {
    const value = [record, record?.['after'], record?.['before']]
      .map((part) => (isFields(part) ? part[name] : undefined))
      .find((found) => found !== undefined)
    return value === undefined ? [] : [`${name} is ${showValue(value)}`]
  })
  return shown.length === 0 ? '' : `(${shown.slice(0, maxShownValues).join(', ')})`
}

/** Whether a record has the field, but the source did not send it. */
export function isAbsent(record: RdiRecord, name: string): boolean {
  return (
    hasAbsentField(record, name) ||
    hasAbsentField(record['after'], name) ||
    hasAbsentField(record['before'], name)
  )
}

function hasAbsentField(value: RdiValue, name: string): boolean {
  return isFields(value) && value[name] === undefined && Object.hasOwn(value, name)
}
