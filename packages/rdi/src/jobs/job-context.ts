import type { ConfigDocument, ConfigPath, ProblemList } from '@millrace/core/dialect'
import type { Expression } from '../model/table-job.ts'
import type { Language } from '../model/expression.ts'
import type { PipelineSettings } from '../model/pipeline.ts'

/** What the parts of a job file are read with. */
export interface JobContext {
  readonly document: ConfigDocument
  readonly problems: ProblemList
  /** Relative to the pipeline's folder, as places name it. */
  readonly fileName: string
  readonly settings: PipelineSettings
  /** Of `config.yaml`; `undefined` when that could not be read. */
  readonly targetNames: readonly string[] | undefined
}

/** The expression whose text stands at `path`. */
export function expressionAt(
  text: string,
  language: Language,
  path: ConfigPath,
  { document, fileName }: JobContext,
): Expression {
  const { line, column } = document.locate(path, 'text')
  return { language, text, place: `${fileName}:${line}:${column}` }
}
