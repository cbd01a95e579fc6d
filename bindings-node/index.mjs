import fieldward from './index.js'

export const {
  FieldwardError, FilePin, FileStore, Field, JsonLinesSink, Keyring, LocalKeyDirectory, LocalKeyProvider, ManualClock, MemoryPin, MemorySink,
  MemoryStore, PassphraseProvider, Records, Schema, backends, documentTag, inspect
} = fieldward
export default fieldward
