import { relative } from 'node:path'
import type { Problem } from '@millrace/core'
import { printable } from './printable.ts'

/** One line per problem: `file:line:column: error: message`, and its hint below. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('')
}

function formatProblem(problem: Problem): string {
  const shown = shorten(problem.file)
  const place =
    problem.line === undefined ? shown : `${shown}:${problem.line}:${problem.column ?? 1}`
  const hint = problem.hint === undefined ? '' : `    ${problem.hint}\n`
  return printable(`${place}: ${problem.severity}: ${problem.message}\n${hint}`)
}

function shorten(file: string): string {
  if (!file.startsWith('/')) return file
  const path = relative(process.cwd(), file)
  return path.startsWith('..') || path === '' ? file : path
}

/** `2 errors, 1 warning`. */
export function countProblems(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error').length
  return `${plural(errors, 'error')}, ${plural(problems.length - errors, 'warning')}`
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
