'use strict'

// The tarball that users get, installed in an empty project.

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

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-'))
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], HERE))
  tarball = path.join(folder, packed.filename)
  const files = packed.files.map((file) => file.path)
  for (const wanted of ['index.js', 'index.mjs', 'index.d.ts', 'native.js', 'lib/errors.js', 'adapters/prisma.js', 'adapters/prisma.d.ts', 'README.md']) {
    assert(files.includes(wanted), wanted)
  }
  assert(files.some((file) => file.endsWith('.node')))
  assert.deepEqual(files.filter((file) => /^(src|tests|examples|docs|node_modules)\/|\.rs$|\.toml$|\.sh$/.test(file)), [])
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private": true}')
  run('npm', ['install', '--offline', '--ignore-scripts', '--no-save', tarball])
})

test('nothing of what only tests call is in it', () => {
  const installed = path.join(folder, 'node_modules/fieldward')
  const files = fs.readdirSync(installed, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  for (const { parentPath, path: place, name } of files) assert(!fs.readFileSync(path.join(parentPath ?? place, name)).includes('testing'), name)
  // the module that has it does say so
  assert(fs.readFileSync(process.env.FIELDWARD_TESTING).includes('testingPanicIn'))
  const exported = run(process.execPath, ['-p', "Object.keys(require('fieldward')).sort().join()"]).trim().split(',')
  const named = run(process.execPath, ['--input-type=module', '-e', "import * as all from 'fieldward'; console.log(Object.keys(all).sort().join())"]).trim().split(',')
  assert.deepEqual(named.filter((name) => name !== 'default' && name !== 'module.exports'), exported)
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
