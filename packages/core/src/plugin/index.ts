export type {
  Checkpoint,
  CheckpointContent,
  CheckpointOwner,
  ProgressUpdate,
  SplitProgress,
} from './checkpoint.ts'
export type { ConfigOf, ConfigSchema } from './config-schema.ts'
export type { CallOptions, Finding, Logger, PluginContext } from './context.ts'
export type { DataSource, DataSourceReference, HostPort, TlsSettings } from './data-source.ts'
export { defineReader, defineWriter, type Plugin } from './define.ts'
export { errorCodes, exitCodeOf, type ErrorCode } from './error-codes.ts'
export { PluginError, type PluginErrorOptions } from './errors.ts'
export { quotedBoolean, quotedInteger, stringOrList } from './quoted.ts'
export type {
  ReaderCapabilities,
  ReaderPlugin,
  ReaderSession,
  FollowOptions,
  LogStatus,
  ReadOptions,
  Split,
  SplitPlan,
} from './reader.ts'
export type {
  PreviewCommand,
  RejectedRow,
  DirtyRecord,
  TruncateOptions,
  WriteOptions,
  WriteProgress,
  WriteResult,
  WriterCapabilities,
  WriterGuarantee,
  WriterPlugin,
  WriterSession,
  WriterValidation,
} from './writer.ts'
export { tlsFaultOf, type TlsFault } from './tls-fault.ts'
/**
 * What is needed of zod 4 to describe parameters. It is the copy that Millrace itself has loaded; any other library
 * with Standard Schema does as well, a copy of zod of one's own included, and adds its own time to the start.
 */
export * as z from './zod.ts'
