import { runMillrace } from '../millrace-job.mjs'
import { seconds } from './section.mjs'
import { mainJob } from './transfer-section.mjs'

const wantedSeconds = 10
const bytesPerUnit = 1_048_576
const tolerance = 0.05

/**
 * How near a limited job keeps to the speed that was asked for: `mbps` is chosen so that the table takes 10 s.
 *
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {import('./section.mjs').BenchContext} context
 * @returns {Promise<import('./section.mjs').SectionResult>}
 */
export async function throttleSection(loaded, context) {
  const table = [['channels', 'asked', 'measured', 'off by', 'over', 'wall']]
  const targets = []
  for (const channels of [1, 4]) {
    const job = { ...mainJob(loaded, context), splitPk: 'id', channels }
    await context.redis.empty()
    const { report: unlimited } = await runMillrace(job)
    const asked = Number((unlimited.bytesRead / bytesPerUnit / wantedSeconds).toFixed(2))
    await context.redis.empty()
    const { report, wallMs } = await runMillrace({ ...job, mbps: asked })
    await context.redis.verify(loaded.rows)
    const flowingSeconds = report.recordsWritten / report.rowsPerSecond
    const measured = report.bytesRead / bytesPerUnit / flowingSeconds
    const offBy = Math.abs(measured / asked - 1)
    const shown = [asked.toFixed(2), measured.toFixed(3), `${(offBy * 100).toFixed(1)} %`]
    context.print(`  ${channels} channels: asked ${shown[0]} mbps, measured ${shown[1]}`)
    table.push([String(channels), ...shown, seconds(flowingSeconds * 1000), seconds(wallMs)])
    targets.push({
      what: `mbps kept with ${channels} channel${channels === 1 ? '' : 's'}`,
      asked: `within ${tolerance * 100} %`,
      measured: shown[2] ?? '',
      passed: offBy <= tolerance,
    })
  }
  return {
    title: 'Limited speed (mbps)',
    notes: [`1 mbps is 1,048,576 bytes a second of cells as read. From ${loaded.source.title}.`],
    table,
    targets,
  }
}
