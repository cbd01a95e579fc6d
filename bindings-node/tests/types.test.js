'use strict'

// The types of the package and its adapters: what they give, and what they refuse.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { test } = require('node:test')

const HERE = path.join(__dirname, '..')
const tsd = (files) => {
  const done = spawnSync(process.execPath, [path.join(HERE, 'node_modules/tsd/dist/cli.js'), '--files', files], { cwd: HERE, encoding: 'utf8' })
  return { status: done.status, said: `${done.stdout}${done.stderr}` }
}

test('the types', () => assert.deepEqual(tsd('tests/types/*.test-d.ts'), { status: 0, said: '' }))

test('a file that expects an error where there is none', () => {
  const { status, said } = tsd('tests/types/wrong.ts')
  assert.equal(status, 1)
  assert.match(said, /Expected an error, but found none/)
})
