export type { Problem } from './config/problem.ts'
export { useSchemasOnce } from './config/schema-compilation.ts'
export { writeFaultOf } from './config/write-fault.ts'
export { dataWorksJobSchema } from './job/dataworks-schema.ts'
export type { JobTrial, LoadedPipeline } from './dialect/dialect.ts'
export {
  isPipelineFolder,
  loadPipeline,
  openDialect,
  type LoadPipelineOptions,
} from './dialect/load-pipeline.ts'
export { describeSource, type SourceRequest } from './dialect/describe-source.ts'
export { dxTransform } from './transform/index.ts'
export type { JobPlan, JobSettings, PlannedStep, TransformStep } from './job/job-plan.ts'
export { loadJob, type LoadedJob, type LoadJobOptions } from './job/load-job.ts'
export { inspectModule, listInstalled, type InstalledPackage } from './registry/list-installed.ts'
export { manifestFaults } from './registry/manifest-faults.ts'
export { knownStepTypes } from './registry/step-type-aliases.ts'
export { guaranteeOf, type Guarantee } from './runtime/guarantee.ts'
export type { ChangesProgress, LogSight, SettledChanges } from './runtime/changes-progress.ts'
export type { ChangesStatus } from './runtime/changes-status.ts'
export type { JobCounts } from './runtime/job-counts.ts'
export { JobCounters } from './runtime/job-counters.ts'
export { logBudgetOf, logBudgetText, type LogBudget } from './runtime/log-budget.ts'
export {
  jobReportSchema,
  reportOfProblems,
  type JobReport,
  type ReportedError,
} from './runtime/job-report.ts'
export { readJobStatus, type JobStatus, type SplitStatus } from './runtime/job-status.ts'
export { openJob, type OpenJob, type OpenJobOptions } from './runtime/open-job.ts'
export { previewJob, type JobPreview, type PreviewOptions } from './runtime/preview-job.ts'
export { requestResync, type ResyncAnswer } from './runtime/request-resync.ts'
export { replayJob, type ReplayJobOptions } from './runtime/replay-job.ts'
export type { ResumeWish } from './runtime/resume-decision.ts'
export type { SourcePatience } from './runtime/source-recovery.ts'
export { reportedError } from './runtime/reported-error.ts'
export { runHealth, type RunHealth } from './runtime/run-health.ts'
export { runJob, type RunJobOptions } from './runtime/run-job.ts'
export { runPipeline } from './runtime/run-pipeline.ts'
export {
  tableNumbersOf,
  type MovingTable,
  type RunPhase,
  type TableNumbers,
} from './runtime/table-counts.ts'
export { stoppedText, type StoppedTable } from './runtime/stopped-tables.ts'
export type { TableRecords, TableStatus } from './runtime/table-status.ts'
