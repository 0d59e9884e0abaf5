import type { Problem } from './problem.ts'

/** An error in the value of a flag of the command line; `flag` is written as the user does: `--name`. */
export function flagProblem(flag: string, message: string, hint?: string): Problem {
  return { severity: 'error', message, file: flag, ...(hint === undefined ? {} : { hint }) }
}
