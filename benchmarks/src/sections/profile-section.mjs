import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runMillrace } from '../millrace-job.mjs'
import { seconds } from './section.mjs'
import { mainJob } from './transfer-section.mjs'

const shownFunctions = 25
const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * @typedef {object} Profile
 * @property {{id: number, callFrame: {functionName: string, url: string, lineNumber: number}}[]} nodes
 * @property {number[]} samples
 * @property {number[]} timeDeltas microseconds
 */

/**
 * Runs the main job under V8's sampling profiler and tells which functions its time goes into. Line numbers are those of
 * the compiled files. What `(program)` holds is outside JavaScript: system calls on sockets above all.
 *
 * @param {import('../sources/source.mjs').LoadedSource} loaded
 * @param {import('./section.mjs').BenchContext} context
 * @returns {Promise<import('./section.mjs').SectionResult>}
 */
export async function profileSection(loaded, context) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-profile-'))
  try {
    await context.redis.empty()
    const options = ['--cpu-prof', `--cpu-prof-dir=${folder}`]
    const { wallMs, cpuMs, report } = await runMillrace(mainJob(loaded, context), options)
    const [file = ''] = readdirSync(folder)
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    return {
      title: `Profile, ${loaded.source.title}`,
      notes: [
        `${seconds(wallMs)} wall, ${seconds(cpuMs)} CPU; waited ${seconds(report.waitReaderMs)} for rows and ${seconds(report.waitWriterMs)} for Redis.`,
      ],
      table: [['self time', 'function', 'where'], ...topFunctions(profile)],
      targets: [],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * @param {Profile} profile
 * @returns {string[][]} the functions that most of the time was spent in, the most first
 */
function topFunctions({ nodes, samples, timeDeltas }) {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, frameName(callFrame)]))
  /** @type {Map<string, number>} */
  const spent = new Map()
  for (const [index, id] of samples.entries()) {
    const name = frames.get(id) ?? ''
    spent.set(name, (spent.get(name) ?? 0) + (timeDeltas[index] ?? 0))
  }
  return [...spent]
    .sort(([, left], [, right]) => right - left)
    .slice(0, shownFunctions)
    .map(([name, microseconds]) => [`${Math.round(microseconds / 1000)} ms`, ...name.split('\t')])
}

/** @param {Profile['nodes'][number]['callFrame']} frame */
function frameName({ functionName, url, lineNumber }) {
  const file = url.startsWith('file:') ? fileURLToPath(url).replace(root, '') : url
  const place =
    file === ''
      ? `native or compiled at run time, line ${lineNumber + 1}`
      : `${file.replace(/^.*node_modules\//, '')}:${lineNumber + 1}`
  return `${functionName === '' ? '(anonymous)' : functionName}\t${place}`
}
