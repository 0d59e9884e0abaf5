import type { Finding } from '@millrace/core/plugin'

/** Collects what is wrong or doubtful in parameters, so that all of it is reported at once. */
export class FindingList {
  readonly #findings: Finding[] = []

  /** Everything collected, in order. */
  get all(): readonly Finding[] {
    return this.#findings
  }

  /** Notes what stops the job. */
  error(path: Finding['path'], message: string, hint: string): void {
    this.#findings.push({ severity: 'error', path, message, hint })
  }

  /** Notes what the user should know. */
  warning(path: Finding['path'], message: string, hint: string): void {
    this.#findings.push({ severity: 'warning', path, message, hint })
  }
}
