import { describe, test } from 'vitest'
import { runReaderCases, runWriterCases } from '../src/index.ts'
import { memoryReaderHarness, memoryWriterHarness } from './memory-harness.ts'

describe('the reader in memory', () => {
  runReaderCases(
    memoryReaderHarness((plugin) => plugin),
    { test },
  )
})

describe('the writer into memory', () => {
  runWriterCases(
    memoryWriterHarness((plugin) => plugin),
    { test },
  )
})
