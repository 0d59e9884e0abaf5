// Loaded into a measured Node process by --import: writes what the process has used when it ends.
import { writeFileSync } from 'node:fs'

const file = process.env['MILLRACE_BENCH_USAGE_FILE']

process.on('exit', () => {
  if (file === undefined) return
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const cpuMs = (userCPUTime + systemCPUTime) / 1000
  writeFileSync(file, JSON.stringify({ cpuMs, peakRssBytes: maxRSS * 1024 }))
})
