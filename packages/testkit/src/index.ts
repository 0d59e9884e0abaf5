export { cellKey, rowKey, sampleDataset, sampleSchema, type Dataset } from './dataset.ts'
export {
  typeDataset,
  typeSampleNames,
  typeSamples,
  type TypeSample,
  type TypeSampleName,
} from './type-samples.ts'
export {
  memoryReader,
  type MemoryReader,
  type MemoryReaderOptions,
} from './memory/memory-reader.ts'
export { MemoryLog } from './memory/memory-log.ts'
export type { MemoryChange } from './memory/memory-parts.ts'
export {
  memoryWriter,
  type MemoryWriter,
  type MemoryWriterOptions,
} from './memory/memory-writer.ts'
export type { MemoryWrite } from './memory/memory-table.ts'
export type {
  ConformanceCase,
  RunCasesOptions,
  TestFunction,
} from './conformance/conformance-case.ts'
export { readerCases, runReaderCases } from './conformance/reader/reader-cases.ts'
export type { DocumentForm } from './conformance/reader/document-form.ts'
export type { FollowedSource, SourceChange } from './conformance/reader/followed-source.ts'
export type {
  ClosedSource,
  OptionalReaderPart,
  ReaderHarness,
  ReaderSource,
} from './conformance/reader/reader-harness.ts'
export { testContext, type TestContext } from './conformance/test-context.ts'
export { runWriterCases, writerCases } from './conformance/writer/writer-cases.ts'
export type {
  ClosedTarget,
  OptionalWriterPart,
  WriterHarness,
  WriterTarget,
} from './conformance/writer/writer-harness.ts'
