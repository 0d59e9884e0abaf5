import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/**
 * A piece of code that stands in a doc comment or a page.
 *
 * @typedef {object} DocExample
 * @property {string} file relative to the checkout
 * @property {number} line of the first line of the code, from 1
 * @property {string} code
 * @property {string} [name] of the file that the code is, as the block says (`ts file=src/index.ts`): others of its page import it
 */

const fence = /^([ \t]*(?:\* ?)?)```(?:ts|js)(?: file=(\S+))?\r?\n([\s\S]*?)^\1```/gm

/**
 * Every block of TypeScript in the doc comments of sources, and of TypeScript or JavaScript in pages.
 *
 * @param {string} root the checkout
 * @param {readonly string[]} places files, and folders to look through
 * @returns {DocExample[]}
 */
export function collectExamples(root, places) {
  return places.flatMap((place) =>
    filesAt(join(root, place)).flatMap((file) =>
      examplesIn(readFileSync(file, 'utf8'), relative(root, file).split(sep).join('/')),
    ),
  )
}

/**
 * @param {string} text
 * @param {string} file
 * @returns {DocExample[]}
 */
export function examplesIn(text, file) {
  return [...text.matchAll(fence)].map((match) => {
    const [, prefix = '', name, block = ''] = match
    const line = text.slice(0, match.index).split('\n').length + 1
    const code = block
      .split('\n')
      .map((one) =>
        one.startsWith(prefix) ? one.slice(prefix.length) : one.trim().replace(/^\*$/, ''),
      )
      .join('\n')
    return { file, line, code, ...(name === undefined ? {} : { name }) }
  })
}

/** @param {string} place */
function filesAt(place) {
  if (/\.\w+$/.test(place)) return [place]
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(md|ts)$/.test(name) && !name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(place, name))
}
