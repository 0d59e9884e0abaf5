import type { JobReport } from '@millrace/core'
import { formatBytes, formatSeconds } from './numbers.ts'
import { printable } from './printable.ts'
import { formatTableReport } from './tables.ts'

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
  const notes = (report.notes ?? []).map((note) => `Note: ${note}\n`).join('')
  const tables = (report.jobs ?? [report]).flatMap((job) => formatTableReport(job.tables ?? []))
  const byTable = tables.map((line) => `${line}\n`).join('')
  return printable(`${table}${byTable}${notes}${dirtyReasons(report)}`)
}

function dirtyReasons(report: JobReport): string {
  if (report.dirtyReasons.length === 0) return ''
  const reasons = report.dirtyReasons.map(
    ({ code, count, reason }) => `  ${String(count).padStart(10)} ${code}: ${reason}\n`,
  )
  const files = (report.jobs ?? [report]).flatMap(({ dirtyFile }) => dirtyFile ?? [])
  const place = files.length === 0 ? 'counted, not listed' : `listed in ${files.join(', ')}`
  return `Dirty records, by reason:\n${reasons.join('')}  ${place}\n`
}

function localTime(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`
}
