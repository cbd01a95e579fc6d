'use strict'

// The tarballs that users get, installed in an empty project: the package, and the one of this platform, which its loader finds.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { test, before } = require('node:test')

const HERE = path.join(__dirname, '..')
const BIN = path.join(HERE, 'node_modules/.bin')

let folder, tarball
const run = (program, args, cwd = folder) => {
  const done = spawnSync(program, args, { cwd, encoding: 'utf8', env: { ...process.env, npm_config_audit: 'false', npm_config_update_notifier: 'false' } })
  assert.equal(done.status, 0, `${done.stdout}${done.stderr}`)
  return done.stdout
}
const listed = (tarball) => run('tar', ['tzf', tarball]).trim().split('\n').map((name) => name.replace(/^package\//, ''))

const PLATFORMS = ['darwin-arm64', 'darwin-x64', 'linux-arm64-gnu', 'linux-arm64-musl', 'linux-x64-gnu', 'linux-x64-musl', 'win32-x64-msvc']

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-'))
  const [modules, tarballs] = ['modules', 'tarballs'].map((name) => path.join(folder, name))
  fs.mkdirSync(modules)
  fs.mkdirSync(tarballs)
  const [own, ...more] = fs.readdirSync(HERE).filter((name) => name.endsWith('.node'))
  assert.deepEqual(more, [])
  const platform = own.split('.')[1]
  assert(PLATFORMS.includes(platform), platform)
  const nameOf = (platform) => `fieldward.${platform}.node`
  for (const other of PLATFORMS) fs.writeFileSync(path.join(modules, nameOf(other)), `stands for the module of ${other}`)
  fs.copyFileSync(path.join(HERE, own), path.join(modules, own))
  run(path.join(HERE, 'pack.sh'), [modules, tarballs])
  const { version } = JSON.parse(fs.readFileSync(path.join(HERE, 'package.json'), 'utf8'))
  const made = (name) => path.join(tarballs, `${name}-${version}.tgz`)
  assert.deepEqual(fs.readdirSync(tarballs).sort(), ['fieldward', ...PLATFORMS.map((platform) => `fieldward-${platform}`)].map((name) => path.basename(made(name))).sort())
  for (const other of PLATFORMS) assert.deepEqual(listed(made(`fieldward-${other}`)).sort(), ['LICENSE', 'README.md', nameOf(other), 'package.json'])
  tarball = made('fieldward')
  const files = listed(tarball)
  for (const wanted of ['LICENSE', 'README.md', 'index.js', 'index.mjs', 'index.d.ts', 'native.js', 'lib/errors.js', 'adapters/prisma.js', 'adapters/prisma.d.ts']) {
    assert(files.includes(wanted), wanted)
  }
  assert.deepEqual(files.filter((file) => /^(src|tests|examples|docs|npm|artifacts|node_modules)\/|\.(rs|toml|sh|node)$/.test(file)), [])
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private": true}')
  run('npm', ['install', '--offline', '--ignore-scripts', '--no-save', tarball, made(`fieldward-${platform}`)])
  const { optionalDependencies } = JSON.parse(fs.readFileSync(path.join(folder, 'node_modules/fieldward/package.json'), 'utf8'))
  assert.deepEqual(optionalDependencies, Object.fromEntries(PLATFORMS.map((platform) => [`fieldward-${platform}`, version])))
})

test('nothing of what only tests call is in it', () => {
  const installed = path.join(folder, 'node_modules')
  const files = fs.readdirSync(installed, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  assert(files.some(({ name }) => name.endsWith('.node')))
  for (const { parentPath, path: place, name } of files) assert(!fs.readFileSync(path.join(parentPath ?? place, name)).includes('testing'), name)
  // the module that has it does say so
  assert(fs.readFileSync(process.env.FIELDWARD_TESTING).includes('testingPanicIn'))
  const exported = run(process.execPath, ['-p', "Object.keys(require('fieldward')).sort().join()"]).trim().split(',')
  const named = run(process.execPath, ['--input-type=module', '-e', "import * as all from 'fieldward'; console.log(Object.keys(all).sort().join())"]).trim().split(',')
  assert.deepEqual(named.filter((name) => name !== 'default' && name !== 'module.exports'), exported)
})

test('the workflow builds a module for each platform, and uses it', () => {
  const workflow = fs.readFileSync(path.join(HERE, '../.github/workflows/npm.yml'), 'utf8')
  for (const job of ['module', 'use']) {
    const [, body] = workflow.match(new RegExp(`^  ${job}:\\n((?:    .*\\n|\\n)*)`, 'm'))
    assert.deepEqual([...body.matchAll(/- \{ platform: ([a-z0-9-]+), runner:/g)].map(([, platform]) => platform).sort(), PLATFORMS)
  }
})

const PROGRAM = `
  const keyring = await Keyring.create({ id: 'c', providers: { primary: LocalKeyProvider.generate() }, store: new MemoryStore(), noPin: 'a test' })
  const x = keyring.field(Schema.patient(), 'ssn')
  if (x.decrypt(x.encrypt('fine', 'p'), 'p') !== 'fine') throw new Error('another value')
`

test('ESM', () => {
  fs.writeFileSync(path.join(folder, 'esm.mjs'), `import { Keyring, LocalKeyProvider, MemoryStore, Schema } from 'fieldward'\nimport { Table } from 'fieldward/prisma'\n${PROGRAM}\nnew Table(keyring, Schema.patient())`)
  run(process.execPath, ['esm.mjs'])
})

test('CommonJS', () => {
  fs.writeFileSync(path.join(folder, 'cjs.cjs'), `const { Keyring, LocalKeyProvider, MemoryStore, Schema } = require('fieldward')\nconst { Table } = require('fieldward/drizzle')\n;(async () => {${PROGRAM}\nnew Table(keyring, Schema.patient())})()`)
  run(process.execPath, ['cjs.cjs'])
})

test('the examples', () => {
  for (const name of ['record', 'search', 'rotate', 'provider', 'file']) {
    fs.copyFileSync(path.join(HERE, 'examples', `${name}.mjs`), path.join(folder, `${name}.mjs`))
    assert.notEqual(run(process.execPath, [`${name}.mjs`]), '')
  }
})

test('TypeScript, strictly, from ESM and from CommonJS', () => {
  const source = fs.readFileSync(path.join(__dirname, 'package/types.mts'), 'utf8')
  fs.writeFileSync(path.join(folder, 'types.mts'), source)
  fs.writeFileSync(path.join(folder, 'required.cts'), "import fieldward = require('fieldward')\nconst code: string = new fieldward.FieldwardError('x').code\nvoid code\n")
  const types = path.join(HERE, 'node_modules/@types')
  run(path.join(BIN, 'tsc'), ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--typeRoots', types, '--types', 'node', 'types.mts', 'required.cts'])
})

test('publint and attw find nothing', () => {
  run(path.join(BIN, 'publint'), ['--strict', tarball])
  run(path.join(BIN, 'attw'), ['--profile', 'node16', tarball])
})

test('without a module for the platform it says so', () => {
  const alone = fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-'))
  fs.writeFileSync(path.join(alone, 'package.json'), '{"private": true}')
  run('npm', ['install', '--offline', '--ignore-scripts', '--no-save', tarball], alone)
  const done = spawnSync(process.execPath, ['-e', "require('fieldward')"], { cwd: alone, encoding: 'utf8' })
  assert.equal(done.status, 1)
  assert.match(done.stderr, /Cannot find native binding/)
})
