import { setTimeout as sleep } from 'node:timers/promises'
import type { JobStatus } from '@millrace/core'
import type { CommandOptions, JobFolder, RunningCommand } from './job-folder.ts'

/** What `status --json` says. */
export async function statusOf(folder: JobFolder): Promise<JobStatus> {
  const { exitCode, stdout, stderr } = await folder.millrace(['status', 'job.json', '--json'])
  if (exitCode !== 0) throw new Error(`status: exit ${exitCode}: ${stderr}`)
  return JSON.parse(stdout) as JobStatus
}

/** Records that are settled, as the checkpoint says. */
export async function settledRows(folder: JobFolder): Promise<number> {
  return (await statusOf(folder)).counts.recordsRead
}

/** Starts the job and waits until the checkpoint says that `recordsRead` records are settled. */
export async function runUntil(
  folder: JobFolder,
  job: unknown,
  recordsRead: number,
  options: CommandOptions = {},
): Promise<RunningCommand> {
  const running = folder.startRun(job, options)
  for (;;) {
    if ((await settledRows(folder)) >= recordsRead) return running
    if (running.child.exitCode !== null) {
      const { exitCode, stderr } = await running.ended
      throw new Error(`the job ended before it could be interrupted: exit ${exitCode}: ${stderr}`)
    }
    await sleep(50)
  }
}

/** As `runUntil`, then kill -9. */
export async function killAfter(
  folder: JobFolder,
  job: unknown,
  recordsRead: number,
  options: CommandOptions = {},
): Promise<void> {
  const running = await runUntil(folder, job, recordsRead, options)
  running.child.kill('SIGKILL')
  await running.ended
}
