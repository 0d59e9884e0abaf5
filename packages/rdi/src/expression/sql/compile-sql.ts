import {
  ExpressionFailure,
  type ExpressionProgram,
  type RdiRecord,
  type RdiValue,
} from '../../model/expression.ts'
import { checkExpression } from './check-expression.ts'
import { FieldReader, foldCase } from './field-reader.ts'
import { loadSqlite } from './load-sqlite.ts'
import { resolveFields, selectOf, type SqlField } from './resolve-fields.ts'
import type { SqliteEngine } from './sqlite-engine.ts'
import { SqliteStatement, type BoundField } from './sqlite-statement.ts'

type Result = RdiValue | ExpressionFailure

export interface SqlOptions {
  /**
   * Fields whose numbers are floating-point numbers also where they have no fraction, named as expressions name them
   * (`price`, `after.price`), whatever the case of their letters.
   */
  readonly realFields: ReadonlySet<string>
}

/**
 * Compiles expressions in SQLite's dialect over the fields of a record. A field that a record lacks is NULL; as in SQLite, `"x"`
 * is then the text x. Integers are 64-bit integers, booleans 1 and 0, objects and arrays JSON text. A result that is a BLOB
 * is base64. Whole numbers come back as `number` where they are safe, else as `bigint`.
 *
 * @throws {ExpressionSyntaxError} for the first expression that cannot be compiled; to place the error, compile it alone
 */
export async function compileSql(
  texts: readonly string[],
  options: SqlOptions,
): Promise<ExpressionProgram> {
  for (const text of texts) checkExpression(text)
  const engine = await loadSqlite()
  const fields: SqlField[] = []
  const expressions = texts.map((text) => resolveFields(engine, text, fields))
  return new SqlProgram(engine, texts, expressions, boundFields(fields, options.realFields))
}

/**
 * The fields that an expression reads, each once, nested ones with dots. Without those in double quotes, which stand for text
 * where there is no such field.
 *
 * @throws {ExpressionSyntaxError}
 */
export async function sqlNames(text: string): Promise<readonly string[]> {
  checkExpression(text)
  const fields: SqlField[] = []
  resolveFields(await loadSqlite(), text, fields)
  return fields.flatMap(({ name, mayBeText }) => (mayBeText ? [] : [name]))
}

function boundFields(fields: readonly SqlField[], realFields: ReadonlySet<string>): BoundField[] {
  const realNames = new Set([...realFields].map(foldCase))
  return fields.map(({ name, mayBeText }, index) => ({
    parameter: index + 1,
    reader: new FieldReader(name, mayBeText ? name : null),
    isReal: realNames.has(foldCase(name)),
  }))
}

/** All expressions are one statement; only for a record it fails for are they calculated one by one. */
class SqlProgram implements ExpressionProgram {
  readonly #engine: SqliteEngine
  readonly #texts: readonly string[]
  readonly #expressions: readonly string[]
  readonly #fields: readonly BoundField[]
  readonly #together: SqliteStatement
  #single: readonly SqliteStatement[] | undefined

  constructor(
    engine: SqliteEngine,
    texts: readonly string[],
    expressions: readonly string[],
    fields: readonly BoundField[],
  ) {
    this.#engine = engine
    this.#texts = texts
    this.#expressions = expressions
    this.#fields = fields
    const select = expressions.length === 0 ? 'SELECT NULL' : selectOf(expressions)
    this.#together = new SqliteStatement(engine, select, fields)
  }

  evaluate(records: readonly RdiRecord[]): Result[][] {
    const results = this.#texts.map((): Result[] => [])
    for (const record of records) {
      const problem = this.#together.step(record)
      if (problem === undefined) this.#readRow(results)
      this.#together.reset()
      if (problem !== undefined) this.#evaluateSingly(record, results)
    }
    return results
  }

  close(): void {
    this.#together.close()
    for (const statement of this.#single ?? []) statement.close()
  }

  #readRow(results: readonly Result[][]): void {
    for (let index = 0; index < results.length; index += 1) {
      results[index]?.push(this.#together.column(index))
    }
  }

  #evaluateSingly(record: RdiRecord, results: readonly Result[][]): void {
    this.#single ??= this.#expressions.map(
      (expression) => new SqliteStatement(this.#engine, selectOf([expression]), this.#fields),
    )
    this.#single.forEach((statement, index) => {
      const problem = statement.step(record)
      results[index]?.push(
        problem === undefined
          ? statement.column(0)
          : new ExpressionFailure(`SQLite cannot calculate ${this.#texts[index]}: ${problem}`),
      )
      statement.reset()
    })
  }
}
