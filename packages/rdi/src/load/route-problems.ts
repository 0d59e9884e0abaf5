import path from 'node:path'
import type { Problem } from '@millrace/core/dialect'
import type { RouteFinding } from '../transform/route-findings.ts'
import type { PlanPipelineOptions } from './plan-pipeline.ts'

/** What was found wrong with jobs, at its places in their files. */
export function appendRouteFindings(
  findings: readonly RouteFinding[],
  { folder, problems }: Pick<PlanPipelineOptions, 'folder' | 'problems'>,
): void {
  problems.append(findings.map((finding) => problemOf(finding, folder.shown)))
}

function problemOf({ severity, message, hint, place }: RouteFinding, folder: string): Problem {
  const [, file = '', line, column] = /^(.*?)(?::(\d+):(\d+))?$/.exec(place ?? '') ?? []
  return {
    severity,
    message,
    ...(hint === undefined ? {} : { hint }),
    file: path.join(folder, file),
    ...(line === undefined ? {} : { line: Number(line), column: Number(column) }),
  }
}
