import type { ConfigDocument } from './config-document.ts'
import { formatPath, type ConfigPath } from './config-path.ts'
import { withoutSecrets } from './describe-value.ts'
import type { Problem } from './problem.ts'

/** What a problem says besides its place. */
export interface ProblemText {
  readonly message: string
  readonly hint?: string | undefined
}

/** Collects what is wrong with one file, each with its position. No message shows the password of a URL. */
export class ProblemList {
  readonly #document: ConfigDocument
  readonly #problems: Problem[] = []
  readonly #known = new Set<string>()
  readonly #errorPaths = new Set<string>()

  constructor(document: ConfigDocument) {
    this.#document = document
  }

  get problems(): readonly Problem[] {
    return this.#problems
  }

  get hasErrors(): boolean {
    return this.#problems.some((problem) => problem.severity === 'error')
  }

  /** Whether an error stands at exactly this path. */
  hasErrorAt(path: ConfigPath): boolean {
    return this.#errorPaths.has(formatPath(path))
  }

  /** Whether an error stands at this path or below it. */
  hasErrorWithin(path: ConfigPath): boolean {
    const where = formatPath(path)
    if (where === '') return this.#errorPaths.size > 0
    return [...this.#errorPaths].some(
      (text) => text.startsWith(where) && /^(?:$|[.[])/.test(text.slice(where.length)),
    )
  }

  /** An error about the value at `path`, which stands before the message. */
  error(path: ConfigPath, text: ProblemText | string, part: 'value' | 'key' = 'value'): void {
    this.#add('error', path, text, part)
  }

  /** Something that does not stop the job. */
  warn(path: ConfigPath, text: ProblemText | string, part: 'value' | 'key' = 'value'): void {
    this.#add('warning', path, text, part)
  }

  /** Problems that already have their place. */
  append(problems: readonly Problem[]): void {
    for (const problem of problems) this.#push(problem)
  }

  #add(
    severity: Problem['severity'],
    path: ConfigPath,
    text: ProblemText | string,
    part: 'value' | 'key',
  ): void {
    const { message, hint } = typeof text === 'string' ? { message: text, hint: undefined } : text
    const where = formatPath(path)
    if (severity === 'error') this.#errorPaths.add(where)
    this.#push({
      severity,
      message: withoutSecrets(where === '' ? message : `${where}: ${message}`),
      ...(hint === undefined ? {} : { hint: withoutSecrets(hint) }),
      file: this.#document.file,
      ...this.#document.locate(path, part),
    })
  }

  #push(problem: Problem): void {
    const { file, line, column, message } = problem
    const id = JSON.stringify([file, line, column, message])
    if (this.#known.has(id)) return
    this.#known.add(id)
    this.#problems.push(problem)
  }
}
