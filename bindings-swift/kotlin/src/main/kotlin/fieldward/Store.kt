package fieldward

/** Where the documents of keyrings are kept: wrapped keys only. */
class Store private constructor(internal val inner: fieldward.ffi.Store) {
    companion object {
        /** One file per keyring in a directory, atomic and durable. It brings a pin of its own, in the user's state directory. */
        fun file(directory: String): Store = guarded { Store(fieldward.ffi.Store.file(directory)) }

        /** Documents in memory, for tests and demonstrations. */
        fun memory(): Store = guarded { Store(fieldward.ffi.Store.memory()) }
    }
}

/** What remembers how far a keyring's document has come, so that an older one is refused. */
class Pin private constructor(internal val inner: fieldward.ffi.Pin) {
    companion object {
        /** Pins in a directory out of reach of whoever writes the store. */
        fun file(directory: String): Pin = guarded { Pin(fieldward.ffi.Pin.file(directory)) }

        /** A pin in memory: refuses older documents for as long as it lives. */
        fun memory(): Pin = guarded { Pin(fieldward.ffi.Pin.memory()) }
    }
}
