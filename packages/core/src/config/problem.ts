/** One thing found wrong in a file or flag, with where it stands. Lines and columns count from 1. */
export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** The next step for the user, the nearest valid name among it. */
  readonly hint?: string
  /** Path of the file as the user gave it; a flag's name for flags. */
  readonly file: string
  readonly line?: number
  readonly column?: number
}
