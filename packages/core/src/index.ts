export type { Problem } from './config/problem.ts'
export { useSchemasOnce } from './config/schema-compilation.ts'
export { dataWorksJobSchema } from './job/dataworks-schema.ts'
export type { JobPlan, JobSettings, PlannedStep, TransformStep } from './job/job-plan.ts'
export { loadJob, type LoadedJob, type LoadJobOptions } from './job/load-job.ts'
export { listInstalled, type InstalledPackage } from './registry/list-installed.ts'
export { guaranteeOf, type Guarantee } from './runtime/guarantee.ts'
export type { JobCounts } from './runtime/job-counts.ts'
export { JobCounters } from './runtime/job-counters.ts'
export {
  jobReportSchema,
  reportOfProblems,
  type JobReport,
  type ReportedError,
} from './runtime/job-report.ts'
export { readJobStatus, type JobStatus, type SplitStatus } from './runtime/job-status.ts'
export { openJob, type OpenJob, type OpenJobOptions } from './runtime/open-job.ts'
export { previewJob, type JobPreview, type PreviewOptions } from './runtime/preview-job.ts'
export { replayJob, type ReplayJobOptions } from './runtime/replay-job.ts'
export type { ResumeWish } from './runtime/resume-decision.ts'
export { reportedError, runJob, type RunJobOptions } from './runtime/run-job.ts'
