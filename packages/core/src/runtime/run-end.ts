import { exitCodeOf } from '../plugin/error-codes.ts'
import { PluginError } from '../plugin/errors.ts'
import type { JobReport } from './job-report.ts'
import { reportedError } from './reported-error.ts'

/** After a stop, batches under way get this long to be answered. */
const drainTimeoutMs = 10_000

/** Why a run ends before its time, and who has to hear of it. */
export class RunEnd {
  readonly #stopReading = new AbortController()
  readonly #giveUp = new AbortController()
  #error: unknown
  #isStopped = false

  /** Aborted: stop pulling, finish what is under way. */
  get readSignal(): AbortSignal {
    return this.#stopReading.signal
  }

  /** Aborted: give up what is under way, too. */
  get writeSignal(): AbortSignal {
    return this.#giveUp.signal
  }

  /** Where in the code the error came from, when nobody meant to throw it. */
  get stack(): string | undefined {
    const error = this.#error
    return error instanceof Error && !PluginError.isInstance(error) ? error.stack : undefined
  }

  /** How the run has ended, for its report. */
  get outcome(): Pick<JobReport, 'status' | 'code' | 'exitCode' | 'errors'> {
    if (this.#error !== undefined) {
      const error = reportedError(this.#error)
      const { code } = error
      return { status: 'failed', code, exitCode: exitCodeOf(code), errors: [error] }
    }
    return this.#isStopped
      ? { status: 'stopped', code: 'STOPPED', exitCode: 0, errors: [] }
      : { status: 'complete', code: 'OK', exitCode: 0, errors: [] }
  }

  /** The first error counts; what follows from stopping is not an error of its own. */
  fail(error: unknown): void {
    if (this.#error === undefined && !this.#isStopped) this.#error = error
    this.#stopReading.abort(new Error('the job has failed'))
  }

  stop(): void {
    if (this.#error === undefined) this.#isStopped = true
    this.#stopReading.abort(new Error('the job was stopped'))
    setTimeout(() => this.#giveUp.abort(new Error('the job was stopped')), drainTimeoutMs).unref()
  }
}
