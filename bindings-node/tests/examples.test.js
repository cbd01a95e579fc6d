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
