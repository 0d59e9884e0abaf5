export type { Problem } from './config/problem.ts'
export { useSchemasOnce } from './config/schema-compilation.ts'
export { dataWorksJobSchema } from './job/dataworks-schema.ts'
export type { JobPlan, JobSettings, PlannedStep, TransformStep } from './job/job-plan.ts'
export { loadJob, type LoadedJob, type LoadJobOptions } from './job/load-job.ts'
export { listInstalled, type InstalledPackage } from './registry/list-installed.ts'
export { guaranteeNoteOf } from './runtime/guarantee-note.ts'
export { JobCounters } from './runtime/job-counters.ts'
export {
  jobReportSchema,
  reportOfProblems,
  type JobCounts,
  type JobReport,
  type ReportedError,
} from './runtime/job-report.ts'
export { openJob, type OpenJob, type OpenJobOptions } from './runtime/open-job.ts'
export { previewJob, type JobPreview, type PreviewOptions } from './runtime/preview-job.ts'
export { reportedError, runJob, type RunJobOptions } from './runtime/run-job.ts'
