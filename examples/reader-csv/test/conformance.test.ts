import { runReaderCases } from '@millrace/testkit'
import { describe, test } from 'vitest'
import { harnesses } from './harness.ts'

for (const [name, harness] of Object.entries(harnesses))
  describe(name, () => {
    runReaderCases(harness, { test })
  })
