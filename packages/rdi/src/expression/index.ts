export { compileJmespath } from './jmespath/compile-jmespath.ts'
export { compileSql, type SqlOptions } from './sql/compile-sql.ts'
export { sqlReferences } from './sql/sql-references.ts'
