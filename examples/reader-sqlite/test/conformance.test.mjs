import { runReaderCases } from '@millrace/testkit'
import { test } from 'vitest'
import { harness } from './harness.js'

runReaderCases(harness, { test })
