import { test } from 'node:test'
import { runReaderCases } from '@millrace/testkit'
import { harness } from './harness.js'

runReaderCases(harness, { test })
