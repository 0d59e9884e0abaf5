import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isPublished, readPackages } from '../packages/workspace-packages.mjs'
import { startServices } from '../services/index.mjs'
import { root } from '../workspace/prepare.mjs'
import { checkTarball } from './check-tarball.mjs'
import { checkCreatedPackage } from './created-package.mjs'
import { combinations } from './combinations.mjs'
import { install } from './install.mjs'
import { medianOf, versionTimes } from './start-up.mjs'
import { packAll } from './pack.mjs'
import { makeReleaseCopy } from './release-copy.mjs'
import { exampleReaderPackage, packExampleReader } from './example-reader.mjs'
import { checkMissingReader, runInstalledJob } from './run-job.mjs'
import { sizeMistakes } from './installing-page.mjs'

/**
 * @typedef {import('./combinations.mjs').Combination} Combination
 * @typedef {import('./pack.mjs').Tarball} Tarball
 *
 * What an installation weighs and how long it takes to start.
 *
 * @typedef {object} Figures
 * @property {string} title
 * @property {readonly string[]} packages named to npm
 * @property {number} packageCount
 * @property {number} bytes
 * @property {number} versionMs median of `millrace --version`
 * @property {number} jobMs median of a job of 100 rows
 *
 * One thing that a release has to be, and what is wrong with this one: one line per mistake.
 *
 * @typedef {object} RehearsalCheck
 * @property {string} title
 * @property {(rehearsal: Rehearsal) => Promise<string[]>} run
 */

const startRuns = 7

/** A release that was made, packed and installed in temporary folders, but not published. */
export class Rehearsal {
  /** @type {string} */
  #folder
  /** @type {ReadonlyMap<string, Tarball>} */
  #tarballs
  /** @type {import('../services/index.mjs').Services} */
  #services
  /** @type {Map<string, ReturnType<typeof install>>} */
  #installations = new Map()
  /** @type {Map<string, ReturnType<typeof runInstalledJob>>} */
  #jobs = new Map()

  /**
   * @param {string} folder
   * @param {ReadonlyMap<string, Tarball>} tarballs
   * @param {import('../services/index.mjs').Services} services
   */
  constructor(folder, tarballs, services) {
    this.#folder = folder
    this.#tarballs = tarballs
    this.#services = services
  }

  /**
   * Makes and packs the release, and has the servers ready.
   *
   * @param {(line: string) => void} print
   */
  static async prepare(print) {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-rehearsal-'))
    try {
      const [copy, tarballs] = [join(folder, 'copy'), join(folder, 'tarballs')]
      for (const one of [copy, tarballs]) mkdirSync(one)
      await makeReleaseCopy(copy, print)
      print('packing')
      const packed = new Map(await packAll(copy, tarballs))
      const reader = await packExampleReader(copy, tarballs)
      packed.set(reader.name, reader)
      const services = await startServices(['mysql', 'postgres', 'redis'], { print })
      return new Rehearsal(folder, packed, services)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** @param {string} name of a package */
  tarball(name) {
    const tarball = this.#tarballs.get(name)
    if (tarball === undefined) throw new Error(`${name} was not packed`)
    return tarball
  }

  /** @param {Combination} combination is installed once */
  installation({ name, packages }) {
    const made =
      this.#installations.get(name) ?? install(this.#tarballs, packages, join(this.#folder, name))
    this.#installations.set(name, made)
    return made
  }

  /** @param {Combination} combination its job is run once, or several times for a time to be measured */
  async job(combination) {
    const { name } = combination
    const installation = await this.installation(combination)
    const outcome =
      this.#jobs.get(name) ??
      runInstalledJob(installation, combination, this.#services.urls, startRuns)
    this.#jobs.set(name, outcome)
    return await outcome
  }

  /** Makes a package with an installed command, and tries it. */
  async createdPackage() {
    const folder = join(this.#folder, 'author')
    const installation = await install(this.#tarballs, ['@millrace/cli'], folder)
    return await checkCreatedPackage(installation, this.#tarballs)
  }

  /**
   * @param {Combination} combination
   * @returns {Promise<Figures>}
   */
  async figures(combination) {
    const installation = await this.installation(combination)
    const { elapsedMs } = await this.job(combination)
    return {
      title: combination.title,
      packages: combination.packages,
      packageCount: installation.packages,
      bytes: installation.bytes,
      versionMs: medianOf(await versionTimes(installation, startRuns)),
      jobMs: medianOf(elapsedMs),
    }
  }

  /** Stops the servers that were started, and removes everything. */
  async dispose() {
    await this.#services.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** @type {readonly RehearsalCheck[]} */
export const rehearsalChecks = [
  ...readPackages(root)
    .filter(isPublished)
    .map(({ manifest }) => ({
      title: `${manifest['name']} packs to what it needs`,
      run: (/** @type {Rehearsal} */ rehearsal) =>
        checkTarball(rehearsal.tarball(manifest['name']), { isReleased: true }),
    })),
  {
    title: `${exampleReaderPackage} packs to what it needs`,
    run: (rehearsal) =>
      checkTarball(rehearsal.tarball(exampleReaderPackage), { isReleased: false }),
  },
  {
    title: 'a package that millrace create makes builds and passes the conformance suite',
    run: (rehearsal) => rehearsal.createdPackage(),
  },
  ...combinations.flatMap((combination) => [
    {
      title: `${combination.title}: installs and runs a job`,
      run: async (/** @type {Rehearsal} */ rehearsal) =>
        (await rehearsal.job(combination)).mistakes,
    },
    {
      title: `${combination.title}: names the command that installs what is missing`,
      run: async (/** @type {Rehearsal} */ rehearsal) =>
        checkMissingReader(await rehearsal.installation(combination), combination),
    },
    {
      title: `${combination.title}: is as small as the docs say`,
      run: async (/** @type {Rehearsal} */ rehearsal) =>
        sizeMistakes(combination.title, await rehearsal.installation(combination)),
    },
  ]),
]
