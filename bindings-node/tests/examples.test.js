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
  return { status: done.status, stderr: done.stderr }
}

test('the exchange writes, reads itself, and notices a change', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-'))
  assert.deepEqual(run('exchange.mjs', 'write', folder), { status: 0, stderr: '' })
  assert.deepEqual(run('exchange.mjs', 'read', folder, 'node'), { status: 0, stderr: '' })
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

test('the tour', () => {
  assert.deepEqual(run('tour.mjs'), { status: 0, stderr: '' })
})

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
