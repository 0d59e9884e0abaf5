import type { ExpressionCompiler } from '../transform/expression-compiler.ts'
import { compileJmespath } from './jmespath/compile-jmespath.ts'
import { jmespathMapping, jmespathNames } from './jmespath/inspect-jmespath.ts'
import { compileSql, sqlNames } from './sql/compile-sql.ts'

/** The languages that jobs are written in. */
export const expressionCompiler: ExpressionCompiler = {
  compile: (language, texts, { realFields }) =>
    language === 'jmespath'
      ? compileJmespath(texts)
      : compileSql(texts, { realFields: new Set(realFields) }),
  fieldsOf: jmespathMapping,
  namesOf: (language, text) => (language === 'jmespath' ? jmespathNames(text) : sqlNames(text)),
}
