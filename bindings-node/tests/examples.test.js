'use strict'

// The examples run as they are, and the exchange refuses what was changed.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { test } = require('node:test')

const run = (script, ...args) => {
  const done = spawnSync(process.execPath, [path.join(__dirname, '../examples', script), ...args], { encoding: 'utf8' })
  return { status: done.status, stdout: done.stdout, stderr: done.stderr }
}
const QUIET = { status: 0, stdout: '', stderr: '' }

test('the exchange writes, reads itself, and notices a change', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-'))
  assert.deepEqual(run('exchange.mjs', 'write', folder), QUIET)
  assert.deepEqual(run('exchange.mjs', 'read', folder, 'node'), QUIET)
  const file = path.join(folder, 'node', 'corpus.json')
  const corpus = JSON.parse(fs.readFileSync(file, 'utf8'))
  for (const change of [(c) => { c.values.text = c.values.text_empty }, (c) => { c.records.pop() }, (c) => { c.tokens.name_exact = [] }, (c) => { c.more = 1 }]) {
    const changed = structuredClone(corpus)
    change(changed)
    fs.writeFileSync(file, JSON.stringify(changed))
    const { status, stderr } = run('exchange.mjs', 'read', folder, 'node')
    assert.equal(status, 1)
    assert.match(stderr, /^node reads node: /)
  }
  assert.equal(run('exchange.mjs').status, 1)
})

const SAID = {
  record: 'columns patient_id ssn email ward ssn_exact ssn_last4 email_exact\nssn 57 bytes; ward 3\n' +
    'read {"patient_id":"p-7","ssn":"999-41-1234","email":"a@example.org","ward":3}\n',
  search: 'exact p-1\nlast four p-0 p-2\n',
  rotate: 'version 2\nto move 2 of 3\nto move 0 of 3\nread 999-41-5678; index value the same\n',
  provider: 'opened clinic by own\nunder another key: provider_wrong_key\n',
  file: '1000000 bytes; encrypted 1000046\nread the same\nas another letter: authentication_failed\n'
}

for (const [name, stdout] of Object.entries(SAID)) test(`the example ${name}`, () => assert.deepEqual(run(`${name}.mjs`), { ...QUIET, stdout }))

/** The blocks of a page, as one module in a folder of their own. */
function page (name, count) {
  const blocks = [...fs.readFileSync(path.join(__dirname, '..', name), 'utf8').matchAll(/^```js\n(.*?)^```$/gms)].map(([, block]) => block)
  assert.equal(blocks.length, count)
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-'))
  fs.mkdirSync(path.join(folder, 'node_modules'))
  fs.symlinkSync(path.join(__dirname, '..'), path.join(folder, 'node_modules/fieldward'), 'dir')
  const head = `import assert from 'node:assert/strict'\nconst folder = ${JSON.stringify(folder)}\n`
  fs.writeFileSync(path.join(folder, 'page.mjs'), head + blocks.join('\n'))
  const done = spawnSync(process.execPath, ['page.mjs'], { cwd: folder, encoding: 'utf8', env: { ...process.env, XDG_STATE_HOME: folder } })
  assert.deepEqual([done.status, done.stderr], [0, ''])
}

test('every block of the guide runs', () => page('docs/guide.md', 8))
test('the block of the README runs', () => page('README.md', 1))
