import type { JobReport } from '@millrace/core'
import { formatBytes, formatSeconds } from './numbers.ts'
import { printable } from './printable.ts'

/** The closing summary: the lines DataX prints, and what DataX leaves out. */
export function formatSummary(report: JobReport): string {
  const seconds = Math.max(report.elapsedMs / 1000, 0.001)
  const lines: [string, string][] = [
    ['Job', report.job],
    ['Started at', localTime(report.startedAt)],
    ['Ended at', localTime(report.endedAt)],
    ['Elapsed', formatSeconds(report.elapsedMs)],
    ['Average throughput', `${formatBytes(report.bytesRead / seconds)}/s`],
    ['Record speed', `${report.rowsPerSecond} rec/s`],
    ['Records read', String(report.recordsRead)],
    ['Records written', String(report.recordsWritten)],
    ...(report.recordsFiltered > 0
      ? [['Records filtered', String(report.recordsFiltered)] as [string, string]]
      : []),
    ['Records failed (dirty)', String(report.recordsDirty)],
    ['Waited for the reader', formatSeconds(report.waitReaderMs)],
    ['Waited for the writer', formatSeconds(report.waitWriterMs)],
    ['Splits done', `${report.splits.done} of ${report.splits.total}`],
    ['Guarantee', `${report.guarantee}; ${report.guaranteeNote}`],
    ['Consistency', report.consistency],
  ]
  const table = lines.map(([label, value]) => `${label.padEnd(26)}: ${value}\n`).join('')
  return printable(`${table}${dirtyReasons(report)}`)
}

function dirtyReasons(report: JobReport): string {
  if (report.dirtyReasons.length === 0) return ''
  const reasons = report.dirtyReasons.map(
    ({ code, count, reason }) => `  ${String(count).padStart(10)} ${code}: ${reason}\n`,
  )
  return `Dirty records, by reason:\n${reasons.join('')}  listed in ${report.dirtyFile}\n`
}

function localTime(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`
}
