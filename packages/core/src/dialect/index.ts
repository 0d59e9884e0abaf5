/** What a dialect (a package that reads pipelines of another tool) reads its files with. */
export type { ConfigDocument, ConfigPart } from '../config/config-document.ts'
export { formatPath, isRecord, valueAt, type ConfigPath } from '../config/config-path.ts'
export { describeValue } from '../config/describe-value.ts'
export { parseConfig } from '../config/parse-config.ts'
export type { Problem } from '../config/problem.ts'
export { ProblemList, type ProblemText } from '../config/problem-list.ts'
export { readTextFile } from '../config/read-text-file.ts'
export { didYouMean, suggestKey } from '../config/suggest-key.ts'
export type { UnknownKey } from '../config/unknown-keys.ts'
export {
  validateStrictly,
  type StrictOptions,
  type StrictResult,
} from '../config/validate-strictly.ts'
export { dataSourceSchema, type DataSourceFields } from '../data-source/data-source-schema.ts'
export type { Environment } from '../data-source/environment-secrets.ts'
export { toDataSource, type DataSourceContext } from '../data-source/to-data-source.ts'
export {
  defineDialect,
  type Dialect,
  type DialectContext,
  type DialectFolder,
  type DialectJob,
  type DialectStep,
  type JobTrial,
  type LoadedPipeline,
  type ScaffoldSource,
} from './dialect.ts'
export type {
  CompiledTransforms,
  CompileOptions,
  RejectedTransform,
  RowTransform,
  TransformedBatch,
} from '../transform/row-transform.ts'
export type { JobPlan, JobSettings } from '../job/job-plan.ts'
export { nearestName } from '../sql/nearest-name.ts'
export { isTransformed, markTransformed } from '../transform/index.ts'
