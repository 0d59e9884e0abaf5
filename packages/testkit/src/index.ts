export { cellKey, rowKey, sampleDataset, sampleSchema, type Dataset } from './dataset.ts'
export {
  memoryReader,
  type MemoryReader,
  type MemoryReaderOptions,
} from './memory/memory-reader.ts'
export {
  memoryWriter,
  type MemoryWrite,
  type MemoryWriter,
  type MemoryWriterOptions,
} from './memory/memory-writer.ts'
export type {
  ConformanceCase,
  RunCasesOptions,
  TestFunction,
} from './conformance/conformance-case.ts'
export { readerCases, runReaderCases } from './conformance/reader-cases.ts'
export type { ReaderHarness, ReaderSource } from './conformance/reader-harness.ts'
export { testContext, type TestContext } from './conformance/test-context.ts'
export { runWriterCases, writerCases } from './conformance/writer-cases.ts'
export type { WriterHarness, WriterTarget } from './conformance/writer-harness.ts'
