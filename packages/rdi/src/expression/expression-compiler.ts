import type { ExpressionCompiler } from '../transform/expression-compiler.ts'
import { compileJmespath } from './jmespath/compile-jmespath.ts'
import { jmespathMapping } from './jmespath/inspect-jmespath.ts'
import { compileSql } from './sql/compile-sql.ts'

/** The languages that jobs are written in. */
export const expressionCompiler: ExpressionCompiler = {
  compile: (language, texts, { realFields }) =>
    language === 'jmespath'
      ? compileJmespath(texts)
      : compileSql(texts, { realFields: new Set(realFields) }),
  fieldsOf: jmespathMapping,
}
