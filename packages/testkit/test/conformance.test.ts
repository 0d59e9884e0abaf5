import { describe, test } from 'vitest'
import { runReaderCases, runWriterCases } from '../src/index.ts'
import { ofDocuments, ofDocumentsLookedUp } from './document-harness.ts'
import { memoryReaderHarness, memoryWriterHarness } from './memory-harness.ts'

describe('the reader in memory', () => {
  runReaderCases(memoryReaderHarness(), { test })
})

describe('the reader in memory that gives documents', () => {
  runReaderCases(ofDocuments(memoryReaderHarness()), { test })
})

describe('the reader in memory that looks documents up', () => {
  runReaderCases(ofDocumentsLookedUp(memoryReaderHarness()), { test })
})

describe('the writer into memory that keeps all rows', () => {
  runWriterCases(memoryWriterHarness({ isKeyed: false }), { test })
})

describe('the writer into memory that keeps the last row of a key', () => {
  runWriterCases(memoryWriterHarness({ isKeyed: true }), { test })
})
