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
